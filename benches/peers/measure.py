"""Times tools that compare two tables on the same files: benches/peers/run starts this.

    python measure.py DRIFTLEDGER FOLDER [REPETITIONS]    every tool, each run in a process of its own; prints a table
    python measure.py --work TOOL REFERENCE BATCH         one tool, once; prints seconds and CPU seconds as JSON

The time of a tool written in Python starts after its imports, before the files are read; that of `driftledger` is the whole process.
Memory is the largest resident set of the process, with the mapped pages of files.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

# A tool that takes longer than this is run once.
PATIENCE_SECONDS = 20


def polars_script(threads=1):
    """What somebody who knows polars writes: deciles of the reference, PSI, exact KS, share of nulls; PSI of the levels of texts.

    Columns come one after another, as polars itself sorts with all cores; `threads` more of them at a time is the tuned script.
    """
    import numpy as np
    import polars as pl

    def number(reference, batch):
        reference, batch = (s.drop_nulls().sort().to_numpy() for s in (reference, batch))
        deciles = np.unique(reference[(np.arange(1, 10) * len(reference)) // 10])
        ends = lambda values: np.diff(np.searchsorted(values, deciles, side="right"), prepend=0, append=len(values))
        gaps = [
            np.searchsorted(reference, points, side="right") / len(reference)
            - np.searchsorted(batch, points, side="right") / len(batch)
            for points in (reference, batch)
        ]
        return psi(ends(reference), ends(batch)), max(np.abs(gap).max() for gap in gaps)

    def text(reference, batch):
        counts = [s.drop_nulls().value_counts(name="rows") for s in (reference, batch)]
        both = counts[0].join(counts[1], on=reference.name, how="full", coalesce=True, suffix="_batch").fill_null(0)
        return psi(both["rows"].to_numpy(), both["rows_batch"].to_numpy()), None

    def psi(reference, batch):
        shares = lambda counts: (counts + 0.5) / (counts.sum() + len(counts) / 2)
        p, q = shares(reference), shares(batch)
        return float(((q - p) * np.log(q / p)).sum())

    def run(reference, batch):
        reference, batch = pl.read_parquet(reference), pl.read_parquet(batch)

        def column(name):
            r, b = reference[name], batch[name]
            figures = text(r, b) if r.dtype == pl.String else number(r, b)
            return name, r.null_count() / len(r), b.null_count() / len(b), *figures

        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(column, reference.columns))

    return run


def scipy():
    """Two-sample KS and Wasserstein distance of every column of numbers, nulls left out."""
    import pandas
    from scipy.stats import ks_2samp, wasserstein_distance

    def run(reference, batch):
        reference, batch = (pandas.read_parquet(path).select_dtypes("number") for path in (reference, batch))
        pairs = ((name, reference[name].dropna().to_numpy(), batch[name].dropna().to_numpy()) for name in reference)
        return [(name, *ks_2samp(r, b), wasserstein_distance(r, b)) for name, r, b in pairs]

    return run


def evidently():
    """The data drift preset with its defaults."""
    import pandas
    from evidently import Report
    from evidently.presets import DataDriftPreset

    def run(reference, batch):
        reference, batch = pandas.read_parquet(reference), pandas.read_parquet(batch)
        return Report([DataDriftPreset()]).run(batch, reference).dict()

    return run


def scouter():
    """A PSI profile with its defaults (ten quantile bins, texts as categories), and the drift of the batch against it."""
    import polars as pl
    from scouter.drift import Drifter, PsiDriftConfig

    def run(reference, batch):
        reference, batch = pl.read_parquet(reference), pl.read_parquet(batch)
        texts = reference.select(pl.col(pl.String)).columns
        drifter = Drifter()
        profile = drifter.create_drift_profile(reference, PsiDriftConfig(categorical_features=texts))
        return drifter.compute_drift(batch, profile)

    return run


TOOLS = {
    "polars script": polars_script,
    "polars script, threads": lambda: polars_script(os.cpu_count()),
    "scipy": scipy,
    "evidently": evidently,
    "scouter-ml": scouter,
}

# Tables of `driftledger bench` (rows, columns of numbers, columns of text); what of `driftledger` is compared with which tools, and
# how many times faster it is meant to be.
COMPARISONS = [
    ((1_000_000, 20, 5), [], {"polars script": 4, "polars script, threads": None, "scouter-ml": 5, "evidently": 80}),
    ((1_000_000, 20, 0), ["--exact"], {"scipy": 20}),
    ((100_000, 450, 50), [], {"polars script": None, "polars script, threads": None, "scouter-ml": None, "evidently": 50}),
    ((100_000, 450, 50), ["--exact"], {"scipy": None}),
]


def once(tool, reference, batch):
    run = TOOLS[tool]()
    wall, cpu = time.perf_counter(), time.process_time()
    run(reference, batch)
    print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu]))


def process(command):
    """Runs it; what it printed, its seconds, CPU seconds and largest resident set in MiB. Exit code 1 is a comparison with drift."""
    started = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    printed = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1) or (child.returncode and "--work" in command):
        sys.exit(f"{' '.join(command)}: exit code {child.returncode}")
    return printed, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def measured(tool, files, flags, repetitions):
    """Median seconds, and CPU seconds and MiB of that run."""
    runs = []
    while len(runs) < repetitions and (not runs or runs[0][0] < PATIENCE_SECONDS):
        if tool in TOOLS:
            printed, _, _, memory = process([sys.executable, "-W", "ignore", __file__, "--work", tool, *files])
            runs.append((*json.loads(printed.splitlines()[-1]), memory))
        else:
            runs.append(process([tool, "compare", *flags, *files])[1:])
    return sorted(runs)[(len(runs) - 1) // 2], len(runs)


def load():
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def main(program, folder, repetitions=3):
    print(f"before: {load()}\n")
    print("| tables | tool | s | CPU s | memory MiB | runs | times our s | times our CPU s | target |\n|---|---|---|---|---|---|---|---|---|")
    for size, flags, targets in COMPARISONS:
        files = [os.path.join(folder, f"{name}_{'_'.join(map(str, size))}.parquet") for name in ("reference", "batch")]
        table = f"{size[0]} x {size[1] + size[2]}"
        (own, own_cpu, memory), runs = measured(program, files, flags, repetitions)
        words = " ".join(["driftledger compare", *flags])
        print(f"| {table} | `{words}` | {own:.2f} | {own_cpu:.2f} | {memory:.0f} | {runs} | | | |", flush=True)
        for tool, target in targets.items():
            (seconds, cpu, memory), runs = measured(tool, files, flags, repetitions)
            wanted = f">= {target}" if target else "–"
            times = f"{seconds / own:.1f} | {cpu / own_cpu:.1f}"
            print(f"| {table} | {tool} | {seconds:.2f} | {cpu:.2f} | {memory:.0f} | {runs} | {times} | {wanted} |", flush=True)
    print(f"\nafter: {load()}")


if __name__ == "__main__":
    if sys.argv[1] == "--work":
        once(*sys.argv[2:])
    else:
        main(*sys.argv[1:3], *map(int, sys.argv[3:]))
