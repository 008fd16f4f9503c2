//! Procedure: prove, before anything is served, that this program computes what independent tools compute.
//!
//! 1. compute every known answer of the file
//! 2. if one is not found, refuse, naming those that were not
//!
//! It needs no store and no account. `driftledger serve` and `driftledger demo` start with it, on the answers built into the
//! binary; `driftledger selftest` shows every outcome.

use crate::error::{Error, Result};
use crate::statistics::selftest::{VectorFile, run};

/// Computes the known answers of `file` and says how many there were.
///
/// # Errors
///
/// - [`Error::SelfTestFailed`]: at least one was not found, or there were none.
///
/// ```
/// use driftledger::procedures::prove_arithmetic::prove_arithmetic;
/// use driftledger::statistics::selftest::embedded;
/// assert!(prove_arithmetic(embedded()).unwrap() > 300);
/// ```
pub fn prove_arithmetic(file: VectorFile) -> Result<usize> {
    let outcomes = run(file);
    let wrong = outcomes.iter().filter(|outcome| !outcome.passed);
    let failed: Vec<String> =
        wrong.map(|outcome| format!("`{}`: {}", outcome.id, outcome.detail)).collect();
    if failed.is_empty() && !outcomes.is_empty() {
        Ok(outcomes.len())
    } else {
        Err(Error::SelfTestFailed { failed, known: outcomes.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::selftest::embedded;
    use serde_json::json;

    #[test]
    fn one_wrong_number_refuses_and_names_itself() {
        let mut file = embedded();
        let vector = file.vectors.iter_mut().find(|v| v["id"] == "psi_six").unwrap();
        vector["expected"] = json!({"value": 0.0345});
        let known = file.vectors.len();
        let refused = prove_arithmetic(file).unwrap_err();
        let said = refused.to_string();
        assert!(
            matches!(&refused, Error::SelfTestFailed { failed, known: all } if failed.len() == 1 && *all == known)
        );
        assert!(said.contains("psi_six") && said.contains("0.0345"), "{said}");
        assert_eq!(refused.entry().0, "self_test_failed");
    }

    #[test]
    fn nothing_to_find_proves_nothing() {
        assert!(prove_arithmetic(VectorFile::default()).is_err());
    }
}
