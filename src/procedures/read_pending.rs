//! Procedure: say what waits, for whom, since when, and by when it is expected.
//!
//! 1. check that the person may read
//! 2. in one snapshot: steps of versions that can be taken or lack something, studies, change records, proposed references, disposals and redactions without a
//!    signature, requests for roles without an answer, periodic reviews and drills that are due, incidents that are not closed
//! 3. mark what this person may do now, by the same rules that the steps themselves check
//! 4. of what this person may do, and of what others may, keep the most urgent

mod backups;
mod disposals;
mod incidents;
mod people;
mod predictions;
mod references;
mod reviews;
mod time_stamps;

use super::read_life_cycle::Standing;
use super::record_change::{change_fact, followed};
use super::stored;
use crate::access::account::{Account, Acting};
use crate::access::role::{Action, Role};
use crate::error::Result;
use crate::review::change_record::next_signature;
use crate::review::completeness::{Gap, gaps_of_untouched};
use crate::review::due::{ROLE_DAYS, SIGNATURE_DAYS, due_on, is_overdue};
use crate::review::life_cycle::{Guard, History, Rule, Step, VersionState};
use crate::store::life_cycle::VersionProgress;
use crate::store::versions::{FrozenKind, VersionRow};
use crate::store::{ReadTx, Store};
use std::collections::BTreeMap;

/// What kind of thing waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PendingKind {
    /// A step of a version that can be taken.
    Step,
    /// Something that is missing for the next step of a version.
    Missing,
    /// A Phase I study without a signature.
    Study,
    /// A change record without a signature.
    Change,
    /// A proposal of another reference or policy without both signatures.
    Reference,
    /// A disposal of files that waits for QA's signature.
    Disposal,
    /// A redaction of fields that waits for QA's signature.
    Redaction,
    /// A role that was asked for.
    Role,
    /// Predictions that were drawn for review.
    Prediction,
    /// A periodic review that is due.
    Review,
    /// An incident without a stated cause, or one that is to be closed.
    Incident,
    /// A continuity drill that is due.
    Drill,
    /// Possible misuse, a clock that is not trusted, somebody whose credential was replaced or is to be, or backups or time stamps that fail or are late.
    Watch,
    /// Something that has to be recorded about a person: an identity check, an acceptance, a training.
    Person,
}

/// One thing that waits.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct Pending {
    /// What kind.
    pub kind: PendingKind,
    /// What is to be done, as a sentence without its full stop.
    pub what: String,
    /// Why it waits.
    pub why: String,
    /// Model and version; nothing where it is about neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Roles that may do it.
    pub who: Vec<Role>,
    /// Whether the caller may.
    pub is_mine: bool,
    /// Page where it is done.
    pub path: String,
    /// Since when it waits, UTC.
    pub since: String,
    /// The day by which it is expected, UTC: a target, not a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_on: Option<String>,
    /// Whether that day has passed.
    pub is_overdue: bool,
}

/// Lines that are kept of what the caller may do, and of what others may.
pub const WAITING_ROWS_MAX: usize = 100;

/// What waits, most urgent first, and how much of it there is.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// At most [`WAITING_ROWS_MAX`] that the caller may do, then as many that others may.
    pub lines: Vec<Pending>,
    /// How much the caller may do.
    pub mine: u64,
    /// How much others may do.
    pub others: u64,
}

/// A line, or a draft of which it is known that it lacks something, and not yet what.
enum Found {
    Line(Pending),
    Lacking {
        version: VersionRow,
        is_mine: bool,
    },
    /// The same, with nothing recorded but the registration.
    Untouched {
        version: VersionRow,
        is_mine: bool,
    },
}

impl Found {
    fn is_mine(&self) -> bool {
        match self {
            Self::Line(line) => line.is_mine,
            Self::Lacking { is_mine, .. } | Self::Untouched { is_mine, .. } => *is_mine,
        }
    }

    /// Smaller is more urgent.
    fn urgency(&self) -> (bool, Option<&str>, &str) {
        match self {
            Self::Line(line) => (line.due_on.is_none(), line.due_on.as_deref(), &line.since),
            Self::Lacking { version, .. } | Self::Untouched { version, .. } => {
                (true, None, &version.registered_at)
            }
        }
    }
}

/// Steps that somebody is waited for: the others are taken when there is a reason.
const AWAITED: [Step; 4] = [Step::Submit, Step::Review, Step::Approve, Step::Release];

/// What waits, most urgent first: what the caller may do before what others may.
///
/// # Errors
///
/// [`crate::error::Error::Access`].
pub fn pending(store: &Store, acting: &Acting) -> Result<Waiting> {
    acting.permit(Action::Read)?;
    let account = &acting.account;
    let now = store.clock().now();
    store.read(|tx| {
        let (mut lines, mut found) = (Vec::new(), Vec::new());
        let progress = tx.version_progress()?;
        // Ids are in the order of time.
        let in_order: BTreeMap<_, _> = progress.iter().collect();
        for (id, progress) in in_order {
            of_version(tx, account, (id, progress), (&mut lines, &mut found))?;
        }
        let (own, of_others) = tx.untouched_versions(&account.id, &progress, WAITING_ROWS_MAX)?;
        let registers = account.role == Role::DataScientist;
        let nobodys = [(own, registers), (of_others, false)];
        // Those that are not listed are counted.
        let mut unlisted = [0, 0];
        for (nobodys, is_mine) in nobodys {
            unlisted[usize::from(!is_mine)] += nobodys.count - nobodys.oldest.len() as u64;
            for id in &nobodys.oldest {
                let version = tx.version_by_id(id)?;
                found.extend(version.map(|version| Found::Untouched { version, is_mine }));
            }
        }
        if Action::ApproveRoles.roles().contains(&account.role) {
            roles(tx, account, &mut lines)?;
        }
        if Action::KeepWatch.roles().contains(&account.role) {
            watch(tx, account, &mut lines)?;
        }
        people::people(tx, account, now, &mut lines)?;
        reviews::reviews(tx, account, now, &mut lines)?;
        incidents::incidents(tx, acting, &mut lines)?;
        incidents::drills(tx, acting, now, &mut lines)?;
        predictions::predictions(tx, acting, &mut lines)?;
        references::references(tx, account, &mut lines)?;
        disposals::disposals(tx, account, &mut lines)?;
        disposals::redactions(tx, account, &mut lines)?;
        if Action::ManageNotices.roles().contains(&account.role) {
            backups::backups(tx, now, &mut lines)?;
            time_stamps::time_stamps(tx, now, &mut lines)?;
        }
        for line in &mut lines {
            if let Some(due) = line.due_on.as_ref().and_then(|due| due.parse().ok()) {
                line.is_overdue = is_overdue(due, now);
                continue;
            }
            let days = match line.kind {
                PendingKind::Role | PendingKind::Watch => ROLE_DAYS,
                _ => SIGNATURE_DAYS,
            };
            let due = due_on(&line.since, days).filter(|_| line.kind != PendingKind::Missing);
            line.is_overdue = due.is_some_and(|due| is_overdue(due, now));
            line.due_on = due.map(|due| due.to_string());
        }
        found.extend(lines.into_iter().map(Found::Line));
        let (mut mine, mut others): (Vec<_>, Vec<_>) = found.into_iter().partition(Found::is_mine);
        let all_mine = mine.len() as u64 + unlisted[0];
        let all_others = others.len() as u64 + unlisted[1];
        let mut lines = Vec::new();
        for found in [&mut mine, &mut others] {
            found.sort_by(|a, b| a.urgency().cmp(&b.urgency()));
            for one in found.drain(..).take(WAITING_ROWS_MAX) {
                match one {
                    Found::Line(line) => lines.push(line),
                    Found::Lacking { version, .. } => {
                        let standing = Standing::read(tx, &version.model, &version.version)?;
                        steps(account, &standing, &mut lines);
                    }
                    Found::Untouched { version, is_mine } => {
                        lines.extend(untouched(tx, &version, is_mine)?);
                    }
                }
            }
        }
        Ok(Waiting { lines, mine: all_mine, others: all_others })
    })
}

fn of_version(
    tx: &ReadTx<'_>,
    account: &Account,
    (id, progress): (&str, &VersionProgress),
    (lines, found): (&mut Vec<Pending>, &mut Vec<Found>),
) -> Result<()> {
    // Without these two a draft is not complete in any tier, and so it is not submitted.
    let is_lacking = !(progress.step || progress.record && progress.plan);
    let state = if is_lacking { VersionState::Draft } else { tx.version_state(id)? };
    let awaits =
        matches!(state, VersionState::Draft | VersionState::Submitted | VersionState::Approved);
    // Most versions that anybody did something about are in use, or their life is over.
    if !awaits && (!progress.study || state.is_over()) {
        return Ok(());
    }
    let Some(version) = tx.version_by_id(id)? else { return Ok(()) };
    let standing = if awaits && (!is_lacking || progress.change) {
        Some(Standing::read(tx, &version.model, &version.version)?)
    } else {
        None
    };
    if let Some(standing) = &standing {
        if !is_lacking {
            steps(account, standing, lines);
        }
        if state != VersionState::Approved {
            change(tx, account, standing, lines)?;
        }
    }
    if progress.study && !state.is_over() {
        studies(tx, account, &version, lines)?;
    }
    if is_lacking {
        let is_mine = account.role == Role::DataScientist
            && tx.version_authors(&version.id)?.iter().any(|author| author.id == account.id);
        found.push(Found::Lacking { version, is_mine });
    }
    Ok(())
}

fn line(version: &VersionRow, kind: PendingKind, path: &str) -> Pending {
    Pending {
        kind,
        what: String::new(),
        why: String::new(),
        version: Some(format!("{} {}", version.model, version.version)),
        who: Vec::new(),
        is_mine: false,
        path: format!("/models/{}/versions/{}{path}", version.model, version.version),
        since: version.registered_at.clone(),
        due_on: None,
        is_overdue: false,
    }
}

/// The step that a version waits for, or what is missing for it.
fn steps(account: &Account, standing: &Standing, found: &mut Vec<Pending>) {
    let Standing { version, facts, authors, .. } = standing;
    let since = facts.taken.last().map_or(&version.registered_at, |taken| &taken.at).clone();
    let history = History { authors, taken: &facts.taken };
    let rules = Rule::from(facts.state()).filter(|rule| AWAITED.contains(&rule.step));
    for rule in rules {
        // Reviewed once, the next hand is waited for; more reviews are welcome and not expected.
        let reviewed = crate::review::life_cycle::is_reviewed(&facts.taken);
        if rule.step == Step::Review && reviewed || rule.needs(Guard::Reviewed) && !reviewed {
            continue;
        }
        let missing = standing.gaps(rule);
        if missing.is_empty() {
            let path = format!("/steps/{}", rule.step.word());
            found.push(Pending {
                what: format!("{} {}", capital(rule.step.words()), state_hint(rule)),
                why: why(rule.step).to_owned(),
                who: rule.who.to_vec(),
                is_mine: rule.permit(account, &history).is_ok(),
                since: since.clone(),
                ..line(version, PendingKind::Step, &path)
            });
            continue;
        }
        let is_author = authors.iter().any(|author| author.id == account.id);
        let is_mine = is_author && account.role == Role::DataScientist;
        found.push(Pending { since: since.clone(), ..lacking(version, (rule, &missing), is_mine) });
    }
}

/// What is missing for a step of a version.
fn lacking(version: &VersionRow, (rule, missing): (&Rule, &[Gap]), is_mine: bool) -> Pending {
    let names: Vec<&str> = missing.iter().map(|gap| gap.missing.as_str()).collect();
    Pending {
        what: format!("Complete it: {} missing to {}", missing.len(), rule.step.words()),
        why: names.join("; "),
        who: vec![Role::DataScientist],
        is_mine,
        ..line(version, PendingKind::Missing, "#life-cycle")
    }
}

/// The policy of a version, as far as it is asked for.
#[derive(serde::Deserialize)]
struct Rationale {
    rationale: String,
}

/// What is missing to submit a version about which nothing is recorded but its registration, which is not read for it.
fn untouched(tx: &ReadTx<'_>, version: &VersionRow, is_mine: bool) -> Result<Option<Pending>> {
    let Some(rule) = Rule::of(VersionState::Draft, Step::Submit) else { return Ok(None) };
    let policy = tx.frozen(FrozenKind::Policy, &version.id)?;
    let policy: Option<Rationale> = policy.map(|row| stored(&row.document)).transpose()?;
    let rationale = policy.map(|policy| policy.rationale).unwrap_or_default();
    let follows = followed(tx, version, None)?.is_some();
    let missing = gaps_of_untouched(rule, (&rationale, follows));
    Ok(Some(lacking(version, (rule, &missing), is_mine)))
}

/// First letter as a capital.
fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

fn state_hint(rule: &Rule) -> String {
    if rule.moves() {
        format!("(then it is {})", rule.to.word().replace('_', " "))
    } else {
        "(before QA approves it)".to_owned()
    }
}

fn why(step: Step) -> &'static str {
    match step {
        Step::Submit => "nothing is missing; its author has not submitted it yet",
        Step::Review => "its author submitted it; a reviewer signs before QA",
        Step::Approve => "it is reviewed; QA has not approved it yet",
        _ => "it is approved and not in use yet",
    }
}

/// The signature that a change record waits for.
fn change(
    tx: &ReadTx<'_>,
    account: &Account,
    standing: &Standing,
    found: &mut Vec<Pending>,
) -> Result<()> {
    let version = &standing.version;
    let Some(fact) = change_fact(tx, &version.id)? else { return Ok(()) };
    let (who, why) = match (fact.authored, fact.approved) {
        (false, _) => (Role::DataScientist, "its author has not signed what is stated"),
        (true, false) => (Role::Qa, "its author signed it; QA has not assessed it yet"),
        (true, true) => return Ok(()),
    };
    let signed = tx.record_signatures("change_record", &fact.id)?;
    let newest = signed.last().map_or(fact.entry, |(_, entry)| *entry);
    let may = next_signature(account, &standing.authors, (fact.authored, fact.approved));
    found.push(Pending {
        what: "Sign the change record".to_owned(),
        why: why.to_owned(),
        who: vec![who],
        is_mine: may.is_ok(),
        since: tx.entry(newest)?.map(|stored| stored.entry.ts).unwrap_or_default(),
        ..line(version, PendingKind::Change, "/change")
    });
    Ok(())
}

/// Studies that nobody has signed.
fn studies(
    tx: &ReadTx<'_>,
    account: &Account,
    version: &VersionRow,
    found: &mut Vec<Pending>,
) -> Result<()> {
    let roles = Action::SignDecision.roles();
    for study in tx.studies(&version.id)? {
        if tx.study_signature(&study.id)?.is_some() {
            continue;
        }
        let other = study.attached_by != account.user_name;
        found.push(Pending {
            what: "Read and sign the Phase I study".to_owned(),
            why: format!("{} attached it; another person signs it", study.attached_by),
            who: roles.to_vec(),
            is_mine: other && roles.contains(&account.role),
            path: format!("/studies/{}", study.id),
            since: study.at.clone(),
            ..line(version, PendingKind::Study, "")
        });
    }
    Ok(())
}

/// What those who keep watch are waited for.
fn watch(tx: &ReadTx<'_>, account: &Account, found: &mut Vec<Pending>) -> Result<()> {
    let line = |what: String, why: String, path: &str, (since, mine): (String, bool)| Pending {
        kind: PendingKind::Watch,
        what,
        why,
        version: None,
        who: Action::KeepWatch.roles().to_vec(),
        is_mine: mine,
        path: path.to_owned(),
        since,
        due_on: None,
        is_overdue: false,
    };
    let here = "/accounts/watch";
    for event in tx.misuse_events(u32::MAX)?.into_iter().filter(|event| event.found.is_none()) {
        let what = format!("Find out about possible misuse: {}", event.rule.replace('_', " "));
        let why = format!("account of {}: {}", event.user_name, event.detail);
        let mine = event.user_name != account.user_name;
        found.push(line(what, why, here, (event.at, mine)));
    }
    for other in tx.accounts()? {
        let name = &other.user_name;
        if let Some(hold) = tx.signing_hold(&other.id)?.filter(|hold| hold.held) {
            let what = format!("Check whose account {name} is, and let its owner sign again");
            let mine = other.id != account.id && hold.by != account.id;
            found.push(line(what, hold.reason, here, (hold.at, mine)));
        }
    }
    if let Some(event) = tx.clock_event()?.filter(|event| !event.trusted) {
        let what = "Compare the clock and confirm it".to_owned();
        found.push(line(what, event.detail, "/clock", (event.at, true)));
    }
    Ok(())
}

/// Roles that were asked for and not answered.
fn roles(tx: &ReadTx<'_>, account: &Account, found: &mut Vec<Pending>) -> Result<()> {
    for request in tx.role_requests()?.into_iter().filter(|request| request.answer.is_none()) {
        let other =
            request.requested_by != account.user_name && request.user_name != account.user_name;
        found.push(Pending {
            kind: PendingKind::Role,
            what: format!(
                "Grant or refuse the role {} for {}",
                request.role.word().replace('_', " "),
                request.user_name
            ),
            why: format!("{} asked: {}", request.requested_by, request.reason),
            version: None,
            who: Action::ApproveRoles.roles().to_vec(),
            is_mine: other,
            path: "/accounts/roles".to_owned(),
            since: request.at,
            due_on: None,
            is_overdue: false,
        });
    }
    Ok(())
}
