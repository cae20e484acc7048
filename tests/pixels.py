"""What is to be seen on a PNG."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MOST = 150 * 1024  # bytes of a picture


def pixels(png: bytes) -> NDArray[np.int16]:
    return np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(np.int16)


def rgb(colour: str) -> NDArray[np.int16]:
    return np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)], np.int16)


def glaze(colour: str, share: float, paper: str) -> str:
    """A colour laid thinly on another."""
    return "#" + "".join(f"{round(part):02x}" for part in share * rgb(colour) + (1 - share) * rgb(paper))


def near(seen: NDArray[np.int16], colour: str, distance: int = 24) -> NDArray[np.bool_]:
    """Where a picture has a colour, or nearly."""
    red, green, blue = (np.abs(seen[..., channel] - part) <= distance for channel, part in enumerate(rgb(colour)))
    close: NDArray[np.bool_] = red & green & blue
    return close
