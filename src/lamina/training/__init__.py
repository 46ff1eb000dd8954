"""From data at the door to a trained model: feeds, the step, the loop, checkpoints. ``trainer`` is the face.

Nothing is imported here, so that callbacks may use one part and the trainer may use callbacks.
"""
