"""Identity: who calls, and what they may see."""
