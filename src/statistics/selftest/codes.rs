//! The codes a vector may name, and other spellings of them.

/// All codes, in alphabetical order.
pub const CODES: &[&str] = &[
    "adwin",
    "anderson_darling",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "chi_square",
    "cliffs_delta",
    "clopper_pearson",
    "cohen_kappa",
    "cohens_d",
    "cohens_h",
    "cohens_h_tolerance",
    "cramer_von_mises",
    "cramers_v",
    "cusum",
    "ddm",
    "delong",
    "e_bh",
    "e_detector",
    "energy_distance",
    "epps_singleton",
    "ewma",
    "fisher_exact",
    "fleiss_kappa",
    "g_test",
    "gwet_ac1",
    "hellinger",
    "holm",
    "individuals",
    "jensen_shannon_distance",
    "jensen_shannon_divergence",
    "kl_divergence",
    "ks",
    "l_infinity",
    "laney_p",
    "mann_whitney",
    "mcnemar",
    "mmd",
    "mmd_rff",
    "moments",
    "nelson",
    "newcombe",
    "noncentral_chi_square",
    "page_hinkley",
    "ppk",
    "psi",
    "reference_error",
    "rows_to_settle",
    "score_card",
    "total_variation",
    "tv_upper",
    "wasserstein",
    "wasserstein_normed",
    "welch_t",
    "wilson",
    "xbar_s",
    "z_proportion",
];

/// Other spellings of a code.
const ALSO: &[(&str, &str)] = &[
    ("ac1", "gwet_ac1"),
    ("auc", "delong"),
    ("bh", "benjamini_hochberg"),
    ("by", "benjamini_yekutieli"),
    ("chi2", "chi_square"),
    ("chi_squared", "chi_square"),
    ("cvm", "cramer_von_mises"),
    ("delong_auc", "delong"),
    ("ebh", "e_bh"),
    ("energy", "energy_distance"),
    ("fdr_bh", "benjamini_hochberg"),
    ("fdr_by", "benjamini_yekutieli"),
    ("fisher", "fisher_exact"),
    ("jensen_shannon", "jensen_shannon_distance"),
    ("js_distance", "jensen_shannon_distance"),
    ("js_divergence", "jensen_shannon_divergence"),
    ("kappa", "cohen_kappa"),
    ("kl", "kl_divergence"),
    ("kolmogorov_smirnov", "ks"),
    ("kullback_leibler", "kl_divergence"),
    ("laney", "laney_p"),
    ("laney_p_prime", "laney_p"),
    ("linf", "l_infinity"),
    ("mann_whitney_u", "mann_whitney"),
    ("ncx2", "noncentral_chi_square"),
    ("nelson_rules", "nelson"),
    ("noncentral_chi2", "noncentral_chi_square"),
    ("tv", "total_variation"),
    ("welch", "welch_t"),
    ("x_bar_s", "xbar_s"),
];

/// The code that is meant; `None` if there is none.
pub(super) fn meant(written: &str) -> Option<&'static str> {
    let plain = written.trim().to_lowercase().replace(['-', ' '], "_");
    let same = |code: &&&str| **code == plain;
    let also = || ALSO.iter().find(|(spelling, _)| *spelling == plain).map(|(_, code)| *code);
    CODES.iter().find(same).copied().or_else(also)
}

/// The code nearest to one that does not exist, if one is near.
pub(super) fn nearest(written: &str) -> Option<&'static str> {
    nearest_of(written, CODES.iter().copied())
}

/// The nearest of some words to one that is none of them, if one is near.
pub(super) fn nearest_of<'w>(
    written: &str,
    words: impl Iterator<Item = &'w str>,
) -> Option<&'w str> {
    let apart = |word: &&str| distance(written.as_bytes(), word.as_bytes());
    words.min_by_key(apart).filter(|word| apart(word) <= written.len() / 3 + 1)
}

/// Letters to change, add or leave out to get from one word to the other (Levenshtein 1966).
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().take(64).enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let swapped = corner + usize::from(a != b);
            corner = row[j + 1];
            row[j + 1] = swapped.min(corner + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_other_spellings_lead_to_them() {
        assert!(CODES.is_sorted());
        for (spelling, code) in ALSO {
            assert_eq!(meant(spelling), Some(*code));
            assert!(CODES.contains(code) && !CODES.contains(spelling));
        }
        assert_eq!(meant("Mann-Whitney"), Some("mann_whitney"));
        assert_eq!(meant("no_such_statistic"), None);
        assert_eq!(nearest("wasserstien"), Some("wasserstein"));
        assert_eq!(nearest("qqqqqqqqqqqqqqqqqqqq"), None);
    }
}
