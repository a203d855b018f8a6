"""Reads text and prints its words, the most frequent first."""

import sys

from wordcount import count


def main() -> None:
    words = count(sys.stdin.read())
    for word, times in sorted(words.items(), key=lambda item: (-item[1], item[0])):
        print(times, word)


if __name__ == "__main__":
    main()
