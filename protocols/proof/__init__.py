"""The proof: what holds in every state a referral can reach, not in those somebody thought of.

L1 nobody is left out · L2 one holder · L3 nobody waits unwatched · L4 every case can end ·
L5 silence ends at a body that may not decline · L6 nobody excluded is asked · L7 limits agree ·
L8 one answer, no idle rule. (L9, sources, and L10, languages, are ``check``'s and the compiler's.)

How: each step is explored by itself with the engine that runs in service (``automaton``), what
comes from other steps may come at any moment (``projection``), facts are supposed only where they
are read (``supposing``, ``profiles``), and limits may pass at any time. What is wrong is shown with
the shortest case history that leads to it (``histories``).
"""
