//! `docs/PROCEDURES.md`: what each role does, step by step. The steps are the first comment of each procedure; who does what, where and when
//! stands in `docs/procedures.csv`.
//! Method: the page is generated; what the code permits to a role is on the sheet of that role, and what a sheet names is there.

use crate::golden::hold;
use crate::harness::repository;
use driftledger::access::role::{Action, Role, permit};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Actions that only read: the procedures that need no more are named where somebody looks for them, not because they must be.
const READS: [Action; 3] = [Action::Read, Action::ReadAccessLog, Action::ReadNotices];

/// One line of `docs/procedures.csv`.
struct Task {
    roles: Vec<String>,
    procedure: String,
    page: String,
    when: String,
}

/// What the first comment of a procedure says.
struct Procedure {
    title: String,
    steps: Vec<String>,
    source: String,
}

fn tasks() -> Vec<Task> {
    let text = std::fs::read_to_string(repository("docs/procedures.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("roles,procedure,page,when"));
    lines
        .map(|line| {
            let parts: Vec<&str> = line.splitn(4, ',').collect();
            let [roles, procedure, page, when] = parts[..] else { panic!("{line}") };
            Task {
                roles: roles.split('+').map(str::to_owned).collect(),
                procedure: procedure.to_owned(),
                page: page.to_owned(),
                when: when.replace("; ", ", "),
            }
        })
        .collect()
}

fn procedures() -> BTreeMap<String, Procedure> {
    let mut found = BTreeMap::new();
    for file in std::fs::read_dir(repository("src/procedures")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let head: Vec<&str> = source
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        let Some(procedure) = read_head(&head, &source) else { continue };
        found.insert(name, procedure);
    }
    assert!(found.len() > 60, "{}", found.len());
    found
}

/// Title (up to the first empty line) and numbered steps of a head comment; `None` for one that is no procedure.
fn read_head(head: &[&str], source: &str) -> Option<Procedure> {
    let mut paragraphs = head.split(|line| line.is_empty());
    let title = paragraphs.next()?.join(" ").strip_prefix("Procedure: ")?.to_owned();
    let mut steps: Vec<String> = Vec::new();
    for line in paragraphs.flatten() {
        let numbered = line.split_once(". ").filter(|(number, _)| number.parse::<u8>().is_ok());
        match (numbered, steps.last_mut()) {
            (Some((_, step)), _) => steps.push(step.trim().to_owned()),
            (None, Some(step)) if line.starts_with("   ") => {
                *step = format!("{step} {}", line.trim());
            }
            (None, _) => {}
        }
    }
    let mut letters = title.chars();
    let first = letters.next()?.to_uppercase();
    Some(Procedure {
        title: format!("{first}{}", letters.as_str()).trim_end_matches(['.', ':']).to_owned(),
        steps,
        source: source.to_owned(),
    })
}

fn purpose(role: Role) -> &'static str {
    match role {
        Role::DataScientist => {
            "Registers model versions, says what they are for, sends batches and labels. Never signs what a data scientist wrote as reviewer or QA."
        }
        Role::Qa => {
            "Watches over versions and alerts: acknowledges, drafts or signs decisions, approves versions, holds reviews. Never signs what the same person drafted."
        }
        Role::Reviewer => {
            "Reviews versions and decisions with the full record in view, and signs them."
        }
        Role::ProcessExpert => {
            "Says whether the intended use, the acceptance criteria and the conclusions make sense for the process."
        }
        Role::Inspector => {
            "Reads everything and changes nothing; verifies without trusting this server."
        }
        Role::Admin => {
            "Installs, keeps accounts, backups and upgrades. Never touches what a record says, never signs a decision."
        }
    }
}

fn section(task: &Task, procedures: &BTreeMap<String, Procedure>) -> String {
    let procedure = procedures.get(&task.procedure).unwrap_or_else(|| {
        panic!("docs/procedures.csv: there is no procedure `{}`", task.procedure)
    });
    let numbered = procedure.steps.iter().enumerate();
    let lines: Vec<String> = numbered.map(|(at, step)| format!("{}. {step}", at + 1)).collect();
    let steps = lines.join("\n");
    assert!(!steps.is_empty(), "{}: the head has no numbered steps", task.procedure);
    format!(
        "### {}\n\nWhen: {}.  \nWhere: `{}` (`src/procedures/{}.rs`)\n\n{steps}\n\n",
        procedure.title, task.when, task.page, task.procedure
    )
}

fn document() -> String {
    let (tasks, procedures) = (tasks(), procedures());
    let mut text = String::from(
        "# Procedures\n\nOne sheet for each role: what it does here, when, where, and what the program does step by step. The steps are the first comments of \
         `src/procedures/`, so they are those of the code; `docs/procedures.csv` says who, where and when. This page is generated \
         (`UPDATE_GOLDEN=1 cargo test --test it procedures`). It is a start for your own operating procedures, not a substitute: who \
         holds which role, how often, and what happens outside this program is for you to say.\n\n",
    );
    let mut sheet = |title: &str, purpose: &str, of: &str| {
        text.push_str(&format!("## {title}\n\n{purpose}\n\n"));
        for task in tasks.iter().filter(|task| task.roles.iter().any(|role| role == of)) {
            text.push_str(&section(task, &procedures));
        }
    };
    sheet("Everybody", "What every person with an account does.", "everybody");
    for role in Role::ALL {
        let title = format!("Role `{}`", role.word());
        sheet(&title, purpose(role), role.word());
    }
    let named: BTreeSet<&String> = tasks.iter().map(|task| &task.procedure).collect();
    text.push_str("## By the program itself, without anybody\n\n");
    for (name, procedure) in procedures.iter().filter(|(name, _)| name.starts_with("watch_")) {
        if !named.contains(name) {
            text.push_str(&format!("- {} (`src/procedures/{name}.rs`)\n", procedure.title));
        }
    }
    text
}

#[test]
fn the_procedures_are_as_the_code_has_them() {
    hold("docs/PROCEDURES.md", &document());
}

#[test]
fn whatever_a_role_may_do_is_on_its_sheet() {
    let tasks = tasks();
    let mut held = 0;
    for (name, procedure) in procedures() {
        if name.starts_with("read_") || name == "demonstrate" {
            continue;
        }
        for action in Action::ALL.into_iter().filter(|action| !READS.contains(action)) {
            if !procedure.source.contains(&format!("permit(Action::{action:?})")) {
                continue;
            }
            for role in Role::ALL.into_iter().filter(|role| permit(*role, action).is_ok()) {
                let is_told = |task: &&Task| {
                    task.procedure == name && task.roles.iter().any(|told| told == role.word())
                };
                let told = tasks.iter().find(is_told);
                assert!(told.is_some(), "docs/procedures.csv: `{}` may {name}", role.word());
                held += 1;
            }
        }
    }
    assert!(held > 40, "{held}");
}

#[test]
fn a_sheet_names_roles_and_procedures_that_are_there() {
    let words: BTreeSet<&str> =
        Role::ALL.iter().map(|role| role.word()).chain(["everybody"]).collect();
    let procedures = procedures();
    for task in tasks() {
        assert!(procedures.contains_key(&task.procedure), "{}", task.procedure);
        assert!(task.roles.iter().all(|role| words.contains(role.as_str())), "{:?}", task.roles);
    }
}

#[test]
fn a_sheet_leads_to_pages_and_commands_that_are_there() {
    let rooms = ["src/pages", "src/api"].map(|room| std::fs::read_dir(repository(room)).unwrap());
    let doors: String = rooms
        .into_iter()
        .flatten()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    for Task { page, .. } in tasks() {
        if let Some(command) = page.strip_prefix("driftledger ") {
            let mut words = command.split(' ').peekable();
            let named: Vec<&str> =
                std::iter::from_fn(|| words.next_if(|word| !word.starts_with('-'))).collect();
            let help = Command::new(env!("CARGO_BIN_EXE_driftledger"))
                .args(&named)
                .arg("--help")
                .output()
                .unwrap();
            let said = String::from_utf8(help.stdout).unwrap();
            assert!(help.status.success(), "{page}");
            assert!(words.all(|option| said.contains(option)), "{page}: {said}");
        } else if !page.starts_with("/api/") {
            assert!(doors.contains(&format!("get(\"{page}\")")), "{page}");
        }
    }
}
