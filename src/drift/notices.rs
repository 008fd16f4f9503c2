//! What a reader of a report must know about its rows and features before its verdicts: another configuration, repeated
//! rows, clusters, groups of correlated features, attributions that moved.

use super::attribution::AttributionShift;
use super::groups::FeatureGroup;
use super::report::DriftReport;
use super::sentence::percent;
use crate::dataset::clusters::Clusters;
use crate::dataset::row_ids::CountedRows;
use crate::provenance::configuration::ConfigurationCheck;

/// Notices of `report`, each a sentence; none in the plain case.
pub fn notices(report: &DriftReport) -> Vec<String> {
    let configuration =
        report.context.configuration.iter().filter_map(ConfigurationCheck::sentence);
    let rows = report.row_ids.iter().flat_map(|ids| rows_told(ids, report.rows));
    let groups = report.groups.iter().map(group_told);
    let explanation = report.attribution.iter().map(explanation_told);
    let rows = configuration.chain(rows);
    rows.chain(report.clusters.iter().map(clusters_told)).chain(groups).chain(explanation).collect()
}

fn rows_told(ids: &CountedRows, rows: u64) -> Vec<String> {
    let mut told = Vec::new();
    let columns = ids.columns.join("`, `");
    if ids.repeated > 0 {
        told.push(format!(
            "{} of {rows} {} judged before (same `{columns}`); they are left out of everything below, because a row is evidence once",
            ids.repeated,
            if rows == 1 { "row was" } else { "rows were" }
        ));
    }
    if ids.without_id > 0 {
        told.push(format!(
            "{} no `{columns}`; nobody can tell whether they were judged before",
            if ids.without_id == 1 {
                "1 row has".to_owned()
            } else {
                format!("{} rows have", ids.without_id)
            }
        ));
    }
    told
}

fn group_told(group: &FeatureGroup) -> String {
    format!(
        "`{}` moved together and are correlated in the reference ({:.2} or more): read them as one change",
        group.features.join("`, `"),
        group.correlation
    )
}

fn explanation_told(shift: &AttributionShift) -> String {
    format!(
        "explanation of the model: {} of it moved to other columns, ranking agrees by {:.2} (NDCG, 1 is the order of the \
         reference); shown, not deciding",
        percent(shift.share_moved),
        shift.ndcg
    )
}

fn clusters_told(clusters: &Clusters) -> String {
    let Clusters { column, clusters: count, largest, rows_effective, unassigned } = clusters;
    let lost = match unassigned {
        0 => String::new(),
        rows => format!("; {rows} rows without `{column}` are taken for one cluster"),
    };
    format!(
        "rows of one `{column}` belong together: {count} clusters, the largest of {largest} rows; the logarithm of the evidence \
         is divided by {largest}, and limits are those of {rows_effective:.0} independent rows{lost}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_rows_and_clusters_are_told_and_nothing_else() {
        let mut ids = CountedRows {
            columns: vec!["sample".to_owned()],
            counted: 10,
            repeated: 0,
            without_id: 0,
        };
        assert!(rows_told(&ids, 10).is_empty());
        ids.repeated = 2;
        ids.without_id = 1;
        let told = rows_told(&ids, 12);
        assert!(told[0].starts_with("2 of 12 rows were judged before (same `sample`)"), "{told:?}");
        assert!(told[1].starts_with("1 row has no `sample`"), "{told:?}");
        let clusters = Clusters {
            column: "plate".to_owned(),
            clusters: 4,
            largest: 96,
            rows_effective: 4.2,
            unassigned: 0,
        };
        assert!(clusters_told(&clusters).contains("divided by 96"));
    }
}
