import unittest

from wordcount import count


class Count(unittest.TestCase):
    def test_counts_every_word(self):
        self.assertEqual(count("to be or not to be"), {"to": 2, "be": 2, "or": 1, "not": 1})

    def test_ignores_case_and_punctuation(self):
        self.assertEqual(count("Stop! stop, STOP."), {"stop": 3})

    def test_nothing_has_no_words(self):
        self.assertEqual(count(""), {})


if __name__ == "__main__":
    unittest.main()
