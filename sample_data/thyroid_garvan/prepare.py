"""Makes the files of this folder from the data set's `data.csv`, `predictions.csv` and `labels.csv` (standard library only).

    python3 prepare.py FOLDER_WITH_THE_SOURCE_FILES

`train.csv`, `reference.csv` and `batches/YYYY-MM.csv` hold the rows of `data.csv`, unchanged and in order, with the model's
`prediction` and `probability` for each row beside them; `labels.csv` holds `row_id` and `label` only.
"""

import csv
import pathlib
import sys


def main(source: pathlib.Path, target: pathlib.Path) -> None:
    def rows(name):
        with open(source / name, newline="") as file:
            return list(csv.DictReader(file))

    predicted = {row["row_id"]: row for row in rows("predictions.csv")}
    data = rows("data.csv")
    columns = list(data[0]) + ["prediction", "probability"]
    for row in data:
        row["prediction"] = predicted[row["row_id"]]["prediction"]
        row["probability"] = predicted[row["row_id"]]["probability"]

    def write(path, chosen):
        path.parent.mkdir(exist_ok=True)
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(chosen)

    write(target / "train.csv", [r for r in data if r["split"] == "train"])
    write(target / "reference.csv", [r for r in data if r["split"] == "reference"])
    production = [r for r in data if r["split"] == "production"]
    for month in sorted({r["month"] for r in production}):
        write(target / "batches" / f"{month}.csv", [r for r in production if r["month"] == month])
    with open(target / "labels.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["row_id", "label"])
        writer.writerows([r["row_id"], r["label"]] for r in rows("labels.csv"))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent)
