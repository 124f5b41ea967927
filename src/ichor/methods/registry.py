"""Methods by name: those of this package, and those that others register in the entry-point group `ichor.methods`."""

from __future__ import annotations

from typing import cast

from ichor.methods.base import Method
from ichor.plugins import Plugins

GROUP = "ichor.methods"
METHODS = {
    "arbabshirani2018": "ichor.methods.arbabshirani2018:Arbabshirani2018",
    "bhadauria2014": "ichor.methods.bhadauria2014:Bhadauria2014",
    "brain-outliers": "ichor.methods.brain_outliers:BrainOutliers",
    "chan2007": "ichor.methods.chan2007:Chan2007",
    "chang2018": "ichor.methods.chang2018:Chang2018",
    "chilamkurthy2018": "ichor.methods.chilamkurthy2018:Chilamkurthy2018",
    "cho2019": "ichor.methods.cho2019:Cho2019",
    "gautam2019": "ichor.methods.gautam2019:Gautam2019",
    "grewal2018": "ichor.methods.grewal2018:Grewal2018",
    "jnawali2018": "ichor.methods.jnawali2018:Jnawali2018",
    "kuang2019": "ichor.methods.kuang2019.method:Kuang2019",
    "kuo2018": "ichor.methods.kuo2018:Kuo2018",
    "lee2019": "ichor.methods.lee2019:Lee2019",
    "li2012-atlas": "ichor.methods.li2012.method:Li2012Atlas",
    "li2012-bayes": "ichor.methods.li2012.method:Li2012Bayes",
    "muschelli2017-gam": "ichor.methods.muschelli2017.method:MuschelliGam",
    "muschelli2017-lasso": "ichor.methods.muschelli2017.method:MuschelliLasso",
    "muschelli2017-lr": "ichor.methods.muschelli2017.method:MuschelliLr",
    "muschelli2017-rf": "ichor.methods.muschelli2017.method:MuschelliRf",
    "nag2018": "ichor.methods.nag2018:Nag2018",
    "prakash2012": "ichor.methods.prakash2012:Prakash2012",
    "prevedello2017": "ichor.methods.prevedello2017:Prevedello2017",
    "shahangian2016": "ichor.methods.shahangian2016.method:Shahangian2016",
    "threshold": "ichor.methods.threshold:Threshold",
    "unet-tiles": "ichor.methods.unet_tiles.method:UNetTiles",
    "unet-slices": "ichor.methods.unet_slices.method:UNetSlices",
    "ye2019": "ichor.methods.ye2019:Ye2019",
    "yuh2008": "ichor.methods.yuh2008:Yuh2008",
}
_PLUGINS = Plugins("method", GROUP, METHODS)


def registered() -> dict[str, str]:
    """The location of each method, as "module:Class" by name. Other packages cannot take a name of this package."""
    return _PLUGINS.registered()


def get(name: str) -> type[Method]:
    """The method of that name. Raises BadConfig if there is none or its package cannot be imported."""
    return cast(type[Method], _PLUGINS.get(name))
