//! Story: people review predictions; how many they must, and whether they agree with the model.
//! Method: the API over HTTP, on cases whose figures SciPy and scikit-learn give.

use crate::harness::Laboratory;
use serde_json::json;
use std::fmt::Write as _;

/// A table of reviewed cases: (model, reviewer, blind, how many).
fn cases(counted: &[(&str, &str, bool, usize)]) -> String {
    let mut text = "model,physician,hidden\n".to_owned();
    for (model, reviewer, blind, times) in counted {
        for _ in 0..*times {
            writeln!(text, "{model},{reviewer},{blind}").unwrap();
        }
    }
    text
}

#[test]
fn the_plan_says_how_many_cases_and_the_reviews_whether_they_agree() {
    let laboratory = Laboratory::open();
    let inspector = laboratory.signed_in("ines");
    let plan = inspector.get("/api/v1/review-plan?claim=0.02&lot=500").body;
    assert_eq!(plan["stop_any_time"][0], json!({"errors": 0, "cases": 176}));
    assert_eq!((&plan["fixed"][0]["cases"], &plan["lot_cases"]), (&json!(149), &json!(129)));
    let impossible = inspector.get("/api/v1/review-plan?claim=2");
    assert!(impossible.problem(422, "review_not_valid").contains("no such review plan"));

    let counted = [
        ("normal", "normal", true, 30),
        ("normal", "sick", true, 3),
        ("sick", "normal", true, 9),
        ("sick", "sick", true, 8),
        ("normal", "normal", false, 30),
        ("normal", "sick", false, 2),
        ("sick", "normal", false, 6),
        ("sick", "sick", false, 12),
        ("sick", "", false, 1),
    ];
    let program = laboratory.program();
    let path = "/api/v1/concordance?prediction=model&review=physician";
    let send = |query: &str, text: &str| {
        program.post_table(&format!("{path}{query}"), "text/csv", text.as_bytes())
    };
    let answer = send("&blind=hidden", &cases(&counted));
    assert_eq!(answer.status, 200, "{answer:?}");
    let found = &answer.body;
    assert_eq!((&found["cases"], &found["blind_cases"]), (&json!(100), &json!(50)));
    assert_eq!((&found["unanswered"], &found["enough_blind"]), (&json!(1), &json!(true)));
    // scikit-learn 1.9.1: cohen_kappa_score; scipy 1.17.1: binomtest(80, 100).proportion_ci(0.95, "exact")
    let figure = |name: &str, part: &str| found[name]["interval"][part].as_f64().unwrap();
    assert!((figure("kappa", "estimate") - 0.529_411_764_705_882_4).abs() < 1e-12, "{found}");
    assert!((figure("agreement", "lower") - 0.708_157_310_911_371_9).abs() < 1e-10, "{found}");
    assert!((figure("assistance_effect", "estimate") - 0.08).abs() < 1e-12, "{found}");

    let unclear = send("&blind=hidden", "model,physician,hidden\na,a,perhaps\n");
    assert!(unclear.problem(400, "bad_request").contains("holds `perhaps`"));
    let missing = send("&blind=nothing", &cases(&counted));
    assert!(
        missing
            .problem(400, "bad_request")
            .contains("`nothing`, which should hold whether a review was blind")
    );
    let mut numbers = cases(&[]);
    for number in 0..150 {
        writeln!(numbers, "{number}.5,{number}.7,true").unwrap();
    }
    let classes = send("", &numbers);
    assert!(classes.problem(400, "bad_request").contains("at most 100 classes"));
}
