"""A recipe of the shipped model, so small that it trains in seconds."""

SMOKE = {
    "name": "smoke",
    "method": "unet-slices",
    "cross_fitted": True,
    "reduced": True,
    "settings": {
        "pixel_mm": 3.2,
        "size": 64,
        "widths": [4, 4, 8, 8],
        "mirror": False,
        "training": {"epochs": 1, "batch": 16, "learning_rate": 0.01, "slice_loss": 0.5, "keep": "last"},
    },
}
