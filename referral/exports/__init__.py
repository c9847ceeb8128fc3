"""Files that leave the house: what they say, how they are packed, and who alone can open them."""
