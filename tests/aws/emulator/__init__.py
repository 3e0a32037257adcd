"""AWS as a recorded inventory describes it, put in front of MiniStack. Holds nothing itself."""
