"""Writes tests/vectors/e_detector.json: known answers of the score card, the lanes and the e-detector.

Run from the root of the project:  python tests/vectors/e_detector.py

An implementation of docs/STATISTICS.md, sections 4 and 5, by another way than the program takes: clips and alternatives by root
finding, plain loops, no closed form. The twelve vectors with a 7 in their id were made by an earlier implementation in numpy
(bisection); they are kept as they were, and this script must agree with them before it writes anything.
"""
import json
import math

import numpy as np
import scipy
from scipy.optimize import brentq
from scipy.stats import norm

FILE = "tests/vectors/e_detector.json"
STRENGTHS = (1.6, 3.0, 6.0)
LEARNED = 0.3
REMEMBERED = 0.7


def distance(p, q):
    return 0.5 * np.abs(p - q).sum()


def score_card(q, p, delta):
    if distance(p, q) <= 1.0001 * delta:
        return np.zeros(len(p))
    r = q / p
    high = brentq(lambda c: np.maximum(q / c - p, 0).sum() - delta, 1e-9, r.max() + 1, xtol=1e-16, rtol=1e-15)
    # the lower clip is sought on a logarithmic scale, as it may be very small
    gap = lambda c: np.maximum(p - q / math.exp(c), 0).sum() - delta
    low = math.exp(brentq(gap, math.log(1e-12), 0.0, xtol=1e-15)) if gap(math.log(1e-12)) < 0 else 1e-12
    clipped = np.clip(r, low, high)
    bound = (clipped * p).sum() + delta * (clipped.max() - clipped.min())
    return np.log(clipped / bound)


def regrouped(p, change):
    z = norm.ppf(np.clip(np.cumsum(p)[:-1], 1e-12, 1 - 1e-12))
    return np.diff(np.concatenate([[0.0], norm.cdf(change(z)), [1.0]]))


def solved(p, target, family, low, high):
    gap = lambda by: distance(p, family(by)) - target
    return family(high if gap(high) < 0 else brentq(gap, low, high, xtol=1e-15))


def lanes(p, delta, ordered):
    found = []
    for strength in STRENGTHS:
        target = min(strength * max(delta, 0.02), 0.9)
        if ordered and len(p) > 2:
            shift = lambda by: regrouped(p, lambda z: z - by)
            scale = lambda by: regrouped(p, lambda z: z / by)
            found.append((1.0, solved(p, target, shift, 0.0, 12.0)))
            found.append((1.0, solved(p, target, lambda by: shift(-by), 0.0, 12.0)))
            if target < 0.45:
                found.append((0.5, solved(p, target, scale, 1.0, 50.0)))
                found.append((0.5, solved(p, target, lambda by: scale(1 / by), 1.0, 50.0)))
            continue
        for k, share in enumerate(p):
            for moved in (target, -target):
                if 0 < share + moved < 1:
                    q = p * (1 - share - moved) / (1 - share)
                    q[k] = share + moved
                    found.append((1 / len(p), q))
    total = sum(weight for weight, _ in found)
    return [(weight / total, np.maximum(q, 1e-9) / np.maximum(q, 1e-9).sum()) for weight, q in found]


def detected(p, batches, delta, ordered, alarm, temper=1.0):
    named = lanes(p, delta, ordered)
    learned = LEARNED if named else 1.0
    weights = [(1 - learned) * weight for weight, _ in named] + [learned]
    cards = [score_card(q, p, delta) for _, q in named]
    prior, answers, alarms = 5.0 * len(p), [], []
    log_m, past = [-math.inf] * len(weights), np.zeros(len(p))
    for blocks in np.array(batches, float):
        evidence = [temper * (blocks.sum(0) * card).sum() for card in cards]
        own = 0.0
        for block in blocks:
            q = (past + prior * p) / (past.sum() + prior)
            own += temper * (block * score_card(q, p, delta)).sum()
            past = past + block
        past = REMEMBERED * past
        log_m = [e + max(0.0, m) for e, m in zip(evidence + [own], log_m)]
        terms = [math.log(w) + m for w, m in zip(weights, log_m)]
        top = max(terms)
        answers.append(top + math.log(sum(math.exp(t - top) for t in terms)))
        alarms.append(int(answers[-1] >= math.log(alarm)))
        if alarms[-1]:
            log_m, past = [-math.inf] * len(weights), np.zeros(len(p))
    return answers, alarms


def vector(id, statistic, inputs, parameters, expected):
    return {"id": id, "statistic": statistic, "inputs": inputs, "parameters": parameters, "expected": expected,
            "tolerance": {"relative": 1e-8, "absolute": 1e-8}}


with open(FILE) as file:
    kept = [v for v in json.load(file)["vectors"] if "_7_" in v["id"]]
assert len(kept) == 12
for v in kept:
    p, delta = np.array(v["inputs"]["p"]), v["parameters"]["delta"]
    if v["statistic"] == "score_card":
        answer, expected = score_card(np.array(v["inputs"]["q"]), p, delta), v["expected"]["scores"]
    else:
        answer, _ = detected(p, v["inputs"]["batches"], delta, v["parameters"]["ordered"], 1e300)
        expected = v["expected"]["log_m"]
    assert np.allclose(answer, expected, rtol=1e-8, atol=1e-8), (v["id"], answer, expected)

rng = np.random.default_rng(20261125)
new = []
CASES = [(2, False, 0.05, 20), (2, False, 0.005, 1e300), (2, False, 0.4, 1e300), (3, True, 0.03, 52), (3, False, 0.03, 52),
         (5, True, 0.2, 1e300), (8, False, 0.01, 365), (10, True, 0.05, 20), (10, True, 0.001, 1e300), (13, True, 0.1, 52),
         (20, True, 0.05, 365), (20, False, 0.05, 20)]
for number, (k, ordered, delta, alarm) in enumerate(CASES):
    p = rng.dirichlet(np.full(k, 5.0))
    moved = rng.dirichlet(np.full(k, 5.0))
    if number % 4 == 3:
        moved[0] = 0.0  # a bin that no row reaches any more
        moved /= moved.sum()
    temper = 0.5 if number % 5 == 4 else 1.0
    batches = []
    for batch in range(8):
        q = p if batch < 4 else moved
        batches.append([rng.multinomial(int(rng.choice([0, 1, 7, 40, 300])), q).tolist() for _ in range(4)])
    log_m, alarms = detected(p, batches, delta, ordered, alarm, temper)
    parameters = {"delta": delta, "ordered": ordered, "n_alarm": alarm} | ({"temper": temper} if temper < 1 else {})
    new.append(vector(f"e_detector_{k}_{number}", "e_detector", {"p": p.tolist(), "batches": batches}, parameters,
                      {"log_m": log_m, "alarms": alarms}))
    scores = score_card(moved, p, delta).tolist()
    new.append(vector(f"score_card_{k}_{number}", "score_card", {"p": p.tolist(), "q": moved.tolist()}, {"delta": delta},
                      {"scores": scores}))

head = {"about": "Known answers of the score card and the e-detector: one series, weight 1; log_m is log Σ v_a M_a after each batch. "
                 "After an alarm (log_m at least ln n_alarm) the evidence starts anew.",
        "tool": f"definitions computed in the script; NumPy {np.__version__}, SciPy {scipy.__version__}; the twelve vectors with a 7 in "
                "their id by an earlier implementation (bisection, arrays over lanes; numpy 2.4.6, scipy 1.17.1)",
        "command": "python tests/vectors/e_detector.py"}
with open(FILE, "w") as out:
    out.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "vectors": [\n')
    out.write(",\n".join(json.dumps(v, separators=(",", ":")) for v in kept + new) + "\n]}\n")
print(len(kept), "kept and", len(new), "new vectors")
