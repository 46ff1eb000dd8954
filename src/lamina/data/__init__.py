"""Data before they are tensors: files of numbers, where they are found, pictures."""
