"""Statistics of one laboratory month against its reference, by SciPy.

Run from the root of the repository:  python tests/vectors/thyroid_compare.py > tests/vectors/thyroid_compare.json
"""

import csv
import hashlib
import json

import numpy
import scipy
from scipy import stats

FOLDER = "sample_data/thyroid_garvan/"
REFERENCE, BATCH = FOLDER + "reference.csv", FOLDER + "batches/1985-06.csv"


def columns(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows if row[name] != ""] for name in rows[0]}


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def numbers(a, b):
    a, b = numpy.array(a, dtype=float), numpy.array(b, dtype=float)
    ks = stats.ks_2samp(a, b, method="exact")
    return {
        "rows": [len(a), len(b)],
        "ks": {"value": ks.statistic, "p_value": ks.pvalue},
        "wasserstein": {"value": stats.wasserstein_distance(a, b)},
    }


def levels(a, b):
    names = sorted(set(a) | set(b))
    if len(names) < 2:
        return None
    table = [[column.count(name) for name in names] for column in (a, b)]
    test = stats.chi2_contingency(table, correction=False)
    return {"rows": [len(a), len(b)], "chi_square": {"value": test.statistic, "p_value": test.pvalue}}


def main():
    with open(FOLDER + "schema.json", encoding="utf-8") as file:
        schema = json.load(file)
    reference, batch = columns(REFERENCE), columns(BATCH)
    features = {}
    for column in schema["columns"]:
        kind, name = column.get("kind"), column["name"]
        if kind is not None:
            of = numbers if kind in ("continuous", "count") else levels
            features[name] = of(reference[name], batch[name])
    print(json.dumps({
        "tool": f"scipy {scipy.__version__}, numpy {numpy.__version__}",
        "command": "python tests/vectors/thyroid_compare.py",
        "reference": {"path": REFERENCE, "sha256": sha256(REFERENCE)},
        "batch": {"path": BATCH, "sha256": sha256(BATCH)},
        "tolerance": "relative 1e-9: both compute in binary64, and only the order of summation differs",
        "features": features,
    }, indent=1))


main()
