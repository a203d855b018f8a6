"""Counts words."""

import re
from collections import Counter


def count(text: str) -> Counter[str]:
    """How often each word occurs in the text, whatever its case."""
    return Counter(re.findall(r"\w+", text.lower()))
