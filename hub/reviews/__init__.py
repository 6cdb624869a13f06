"""Reviews of scrubbed text: people read a sample before anybody is granted a source's notes."""

from hub.reviews.reviews import Review, Reviews, Standing

__all__ = ["Review", "Reviews", "Standing"]
