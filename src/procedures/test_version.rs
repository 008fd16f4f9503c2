//! Procedure: test a version against its acceptance criteria, from stored predictions.
//!
//! 1. check that the person may, and that criteria were fixed before
//! 2. the same file under the same plan before: return that run; one that was marked as invalid does not come back
//! 3. count label against prediction in one pass (no transaction is open while the CPU works), overall and by subgroup; a file
//!    that is not the test set of the plan is refused
//! 4. keep the file; in one transaction: the plan must still be in force; judge, count how often these rows were tested, and write
//!    the run and its ledger entry, which refers to that of the plan

use super::fix_acceptance::registered;
use super::ingest_batch::{Delivery, Judge};
use super::{Recorded, actor, of_sent, stored, subject};
use crate::access::account::Acting;
use crate::access::role::Action;
use crate::clock;
use crate::dataset::reader::TableFile;
use crate::dataset::row_ids::id_key;
use crate::digest::{self, ContentDigest};
use crate::drift::acceptance::count::{Counts, count};
use crate::drift::acceptance::plan::AcceptanceCriteria;
use crate::drift::acceptance::run::{RunContext, TestRun};
use crate::drift::report::ENGINE;
use crate::error::{Error, Result};
use crate::ledger::entry::EntryType;
use crate::store::acceptance::{AcceptancePlanRow, TestRunRow};
use crate::store::{ReadTx, Store, WriteTx};

/// A test run, and whether this call made it.
#[derive(Debug)]
pub struct Tested {
    /// Its row and ledger entry.
    pub run: Recorded<TestRunRow>,
    /// Whether it is new.
    pub is_new: bool,
}

/// Tests a version with the file in `delivery`: row ids, prediction, score where there is one, label and subgroup columns.
///
/// # Errors
///
/// [`Error::Access`], [`Error::NotFound`]; [`Error::Conflict`] where no criteria were fixed, or others were meanwhile;
/// [`Error::Drift`] and [`Error::Dataset`] for a file that cannot be counted or is not the test set.
pub fn test_version(
    store: &Store,
    acting: &Acting,
    (model, version): (&str, &str),
    delivery: Delivery,
) -> Result<Tested> {
    acting.permit(Action::TestVersion)?;
    let (judge, row) = store.read(|tx| {
        let judge = Judge::read(tx, model, version)?;
        let plan = plan_in_force(tx, &judge)?;
        Ok::<_, Error>((judge, plan))
    })?;
    let file_sha256 = &delivery.content.sha256;
    if let Some(run) = store.read(|tx| same_file(tx, &row, file_sha256))? {
        return Ok(Tested { run, is_new: false });
    }
    let plan: AcceptanceCriteria = stored(&row.document)?;
    let place = delivery.file.path().to_path_buf();
    let table = TableFile::open(&place, delivery.format).map_err(|e| e.of_sent(&place))?;
    let format = table.format().word();
    let counts = count(&table, &plan, registered(&judge), &id_key(&judge.version.id))
        .map_err(|error| of_sent(error.into(), &place))?;
    store.objects().put_file(delivery.file)?;
    let file = (format, &delivery.content);
    let written = store.write(&actor(acting), EntryType::TestRun, |tx| {
        if plan_in_force(tx, &judge)?.id != row.id {
            let detail = "other acceptance criteria were fixed meanwhile; send the file again";
            return Err(Error::Conflict { detail: detail.to_owned() });
        }
        record(tx, (acting, &judge), (&row, &plan), file, counts)
    })?;
    let run =
        Recorded { value: written.value, entry: written.index, checkpoint: written.checkpoint };
    Ok(Tested { run, is_new: true })
}

fn plan_in_force(tx: &ReadTx<'_>, judge: &Judge) -> Result<AcceptancePlanRow> {
    tx.acceptance_plan(&judge.version.id)?.ok_or_else(|| Error::Conflict {
        detail: "no acceptance criteria are fixed for this version; they come before the test run: send a plan first"
            .to_owned(),
    })
}

fn same_file(
    tx: &ReadTx<'_>,
    plan: &AcceptancePlanRow,
    file_sha256: &str,
) -> Result<Option<Recorded<TestRunRow>>> {
    let runs = tx.test_runs(&plan.version_id)?;
    let same =
        runs.into_iter().find(|run| run.plan_id == plan.id && run.file_sha256 == file_sha256);
    if let Some((run, invalid)) =
        same.as_ref().and_then(|run| run.invalidated.as_ref().map(|i| (run, i)))
    {
        let detail = format!(
            "the file is that of test run `{}`, which is {}; send the predictions of another run, or, where the same file is right under \
             other criteria, fix those first",
            run.id,
            invalid.sentence()
        );
        return Err(Error::Conflict { detail });
    }
    let checkpoint = tx.head()?.checkpoint;
    Ok(same.map(|value| Recorded { entry: value.entry, value, checkpoint }))
}

fn record(
    tx: &mut WriteTx<'_>,
    (acting, judge): (&Acting, &Judge),
    (plan_row, plan): (&AcceptancePlanRow, &AcceptanceCriteria),
    (format, content): (&str, &ContentDigest),
    counts: Counts,
) -> Result<TestRunRow> {
    let version_id = &judge.version.id;
    let before = tx.test_runs(version_id)?;
    let same = || before.iter().filter(|run| run.rows_sha256 == counts.rows_sha256);
    let predicted = registered(judge).predicted()?;
    let context = RunContext {
        model: judge.version.model.clone(),
        version: judge.version.version.clone(),
        plan_id: plan_row.id.clone(),
        plan_entry: plan_row.entry,
        plan_sha256: plan_row.sha256.clone(),
        file_sha256: content.sha256.clone(),
        rows: counts.rows,
        rows_sha256: counts.rows_sha256.clone(),
        look: same().filter(|run| run.plan_id == plan_row.id).count() as u64 + 1,
        look_in_all: same().count() as u64 + 1,
        matched: counts.matched,
        task: predicted.task,
        error_limit: judge.policy.0.performance.error_limit,
        engine: ENGINE.to_owned(),
    };
    let run = TestRun::judge(context, counts.groups, plan);
    let bytes = run.bytes()?;
    let row = TestRunRow {
        id: clock::new_id("tr"),
        version_id: version_id.clone(),
        plan_id: plan_row.id.clone(),
        plan_entry: plan_row.entry,
        sent_by: acting.account.user_name.clone(),
        account_id: acting.account.id.clone(),
        format: format.to_owned(),
        rows: counts.rows,
        bytes: content.bytes,
        blake3: content.blake3.clone(),
        file_sha256: content.sha256.clone(),
        rows_sha256: counts.rows_sha256,
        meets: run.meets,
        sha256: digest::sha256_hex(&bytes),
        at: tx.at().to_owned(),
        entry: tx.index(),
        invalidated: None,
    };
    tx.subject(subject("model_version", version_id));
    tx.subject(subject("acceptance_plan", &plan_row.id));
    tx.subject(subject("test_run", &row.id));
    tx.refer(plan_row.entry);
    tx.insert_test_run(&row, &String::from_utf8(bytes).unwrap_or_default())?;
    Ok(row)
}
