"""Statistics: the pure part, the months kept, and who may see which number."""
