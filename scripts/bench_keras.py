"""Measures the paper's U-Net in Keras, as its authors built it, on one slice of 49 tiles.

Hssayeni et al. 2019 (arXiv:1910.08643), Figure 3 and section 4; dropout as in the released code. Run by
scripts/bench.py with the packages of requirements/bench.txt; prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import layers

TILE = 160
PAPER_WIDTH, PAPER_PARAMETERS = 64, 31_031_685


def convolve(x: keras.KerasTensor, filters: int, size: int = 3) -> keras.KerasTensor:
    """A "same" convolution and ReLU."""
    return layers.Conv2D(filters, size, padding="same", activation="relu", kernel_initializer="he_normal")(x)


def unet(width: int = PAPER_WIDTH) -> keras.Model:
    """The network for tiles of 160x160; 31,031,685 parameters at width 64."""
    inputs = x = layers.Input((TILE, TILE, 1))
    skips = []
    for level in range(4):
        x = convolve(convolve(x, width * 2**level), width * 2**level)
        if level == 3:
            x = layers.Dropout(0.5)(x)
        skips.append(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dropout(0.5)(convolve(convolve(x, width * 16), width * 16))
    for level in reversed(range(4)):
        x = convolve(layers.UpSampling2D(2, interpolation="nearest")(x), width * 2**level, size=2)
        x = layers.Concatenate()([skips[level], x])
        x = convolve(convolve(x, width * 2**level), width * 2**level)
    x = layers.Conv2D(1, 1, activation="sigmoid")(convolve(x, 2))
    return keras.Model(inputs, x)


def main() -> None:
    """Predict all tiles `repeats` times, after a pass that is not counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiles", type=int, default=49)
    parser.add_argument("--batch", type=int, default=7)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--width", type=int, default=PAPER_WIDTH)
    arguments = parser.parse_args()
    model = unet(arguments.width)
    if arguments.width == PAPER_WIDTH:
        assert model.count_params() == PAPER_PARAMETERS, model.count_params()
    tiles = np.random.default_rng(0).random((arguments.tiles, TILE, TILE, 1), np.float32)
    model.predict(tiles[: arguments.batch], batch_size=arguments.batch, verbose=0)
    seconds = []
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        model.predict(tiles, batch_size=arguments.batch, verbose=0)
        seconds.append(time.perf_counter() - start)
    version = f"in Keras {keras.__version__} on {keras.backend.backend()}"
    print(json.dumps({"seconds": seconds, "parameters": model.count_params(), "version": version}))


if __name__ == "__main__":
    main()
