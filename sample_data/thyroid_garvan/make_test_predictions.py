"""Makes `test_predictions.csv` of this folder from `reference.csv` and `labels.csv` (standard library only).

    python3 make_test_predictions.py

One row for each row of `reference.csv`, in its order: the held-out months that the model was neither fitted nor tuned on. With the
label of the row, the columns that tell subgroups apart, and the model's prediction and probability as they stand there.
"""

import csv
import pathlib

COLUMNS = ["row_id", "sex", "referral_source", "label", "prediction", "probability"]


def main(folder: pathlib.Path) -> None:
    with open(folder / "labels.csv", newline="") as file:
        labels = {row["row_id"]: row["label"] for row in csv.DictReader(file)}
    with open(folder / "reference.csv", newline="") as file:
        rows = [{**row, "label": labels[row["row_id"]]} for row in csv.DictReader(file)]
    with open(folder / "test_predictions.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(pathlib.Path(__file__).parent)
