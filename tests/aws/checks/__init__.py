"""The checks of the local AWS, by what they look at. Holds nothing itself."""
