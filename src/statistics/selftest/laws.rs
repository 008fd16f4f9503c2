//! The codes of tolerances, limits, laws and the e-detector.

use super::compute::{Computed, Failure, value};
use super::inputs::{Inputs, malformed};
use crate::statistics as s;

/// The answer of a code of this family; `None` for any other.
pub(super) fn of_laws(code: &str, inputs: &Inputs<'_>) -> Option<Computed> {
    Some(match code {
        "noncentral_chi_square" => noncentral(inputs),
        "cohens_h_tolerance" => inputs.needed(&["share"]).and_then(|share| {
            let h = within("h", inputs.needed(&["h"])?, (0.0, f64::MAX))?;
            let share = within("share", share, (0.0, 1.0))?;
            Ok(value(s::tolerance::cohens_h_tolerance(share, h)))
        }),
        "reference_error" => shares(inputs, "reference").and_then(|reference| {
            let rows = inputs.needed_whole(&["rows"])?;
            Ok(value(s::tolerance::reference_error(&reference, rows, [0; 32])))
        }),
        "tv_upper" => shares(inputs, "reference").and_then(|reference| {
            let counts = inputs.count_list("counts")?;
            same_bins(counts.len(), reference.len())?;
            let rows = inputs.needed_whole(&["reference_rows"])?;
            Ok(value(s::limits::tv_upper(&counts, &reference, rows)))
        }),
        "rows_to_settle" => rows_to_settle(inputs),
        "mmd" | "mmd_rff" => mmd(code, inputs),
        "score_card" => shares(inputs, "p").and_then(|p| {
            let q = shares(inputs, "q")?;
            same_bins(q.len(), p.len())?;
            let scores = s::score_card::score_card(&q, &p, tolerance(inputs)?);
            Ok(vec![("scores", scores)])
        }),
        "e_detector" => detected(inputs),
        _ => return None,
    })
}

/// Shares: finite and not negative.
fn shares(inputs: &Inputs<'_>, name: &str) -> Result<Vec<f64>, Failure> {
    let shares = inputs.sample(name)?;
    match shares.iter().find(|share| !(share.is_finite() && **share >= 0.0)) {
        Some(share) => Err(malformed(&format!("`{name}` holds {share}, expected shares"))),
        None => Ok(shares),
    }
}

/// The number, if it lies between both limits, which are allowed.
fn within(name: &'static str, value: f64, (low, high): (f64, f64)) -> Result<f64, Failure> {
    if (low..=high).contains(&value) {
        Ok(value)
    } else {
        Err(s::Error::OutOfRange { name, value }.into())
    }
}

fn same_bins(found: usize, expected: usize) -> Result<(), Failure> {
    if found == expected {
        return Ok(());
    }
    Err(s::Error::BinsDiffer { reference: expected, batch: found }.into())
}

fn tolerance(inputs: &Inputs<'_>) -> Result<f64, Failure> {
    let delta = inputs.needed(&["delta", "tolerance"])?;
    if delta > 0.0 && delta < 1.0 {
        Ok(delta)
    } else {
        Err(s::Error::OutOfRange { name: "delta", value: delta }.into())
    }
}

fn noncentral(inputs: &Inputs<'_>) -> Computed {
    let x = inputs.needed(&["x"])?;
    let degrees = inputs.needed(&["degrees", "df"])?;
    let limits = !inputs.is_given("noncentrality") && !inputs.is_given("nc");
    let noncentrality = inputs.number(&["noncentrality", "nc"], 0.0)?;
    for (name, value) in [("x", x.max(0.0)), ("degrees", degrees), ("noncentrality", noncentrality)]
    {
        let least = if name == "degrees" { f64::MIN_POSITIVE } else { 0.0 };
        if !(value.is_finite() && value >= least) {
            return Err(s::Error::OutOfRange { name, value }.into());
        }
    }
    if limits {
        // of the non-centrality, each with half of what is left of the confidence
        let tail = 0.5 * (1.0 - inputs.confidence()?);
        let tail = within("confidence", tail, (f64::MIN_POSITIVE, 0.5))?;
        let limit = |below| vec![s::noncentral_chi_square::upper_noncentrality(x, degrees, below)];
        return Ok(vec![("lower", limit(1.0 - tail)), ("upper", limit(tail))]);
    }
    Ok(value(s::noncentral_chi_square::cdf(x, degrees, noncentrality)))
}

fn rows_to_settle(inputs: &Inputs<'_>) -> Computed {
    let (reference, delta) = (shares(inputs, "reference")?, tolerance(inputs)?);
    let rows = inputs.needed_whole(&["reference_rows"])?;
    let found = s::limits::rows_to_settle(delta, &reference, rows);
    let never = || Failure::NotEvaluated("no number of rows settles it".to_owned());
    Ok(value(found.ok_or_else(never)? as f64))
}

fn mmd(code: &str, inputs: &Inputs<'_>) -> Computed {
    let (reference, batch) = (inputs.points("reference")?, inputs.points("batch")?);
    let bandwidth = inputs.needed(&["bandwidth", "sigma"])?;
    if code == "mmd_rff" {
        return Ok(value(s::mmd_rff::mmd_rff(&reference, &batch, bandwidth, [0; 32])?));
    }
    Ok(value(s::mmd_rff::mmd_exact(&reference, &batch, bandwidth)?))
}

/// log M after each batch, of one series at weight 1; after an alarm it starts anew.
fn detected(inputs: &Inputs<'_>) -> Computed {
    let (p, batches) = (shares(inputs, "p")?, inputs.batches()?);
    for block in batches.iter().flatten() {
        same_bins(block.len(), p.len())?;
    }
    let ordered = inputs.switch(&["ordered"], false)?;
    let temper = within("temper", inputs.number(&["temper"], 1.0)?, (f64::MIN_POSITIVE, 1.0))?;
    let alarm = inputs.number(&["n_alarm", "N"], f64::INFINITY)?;
    let alarm = libm::log(within("n_alarm", alarm, (f64::MIN_POSITIVE, f64::INFINITY))?);
    let detector = s::e_detector::EDetector::freeze(&p, tolerance(inputs)?, ordered, temper);
    let mut state = detector.start();
    let (mut log_m, mut alarms) = (Vec::new(), Vec::new());
    for batch in &batches {
        let found = detector.step(&mut state, batch).series_log_m;
        log_m.push(found);
        alarms.push(f64::from(u8::from(found >= alarm)));
        if found >= alarm {
            state = detector.start();
        }
    }
    Ok(vec![("log_m", log_m), ("alarms", alarms)])
}
