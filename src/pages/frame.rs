//! What every page has around it: title, navigation, who is signed in, the demonstration banner, messages.

use super::assets::{self, Script};
use super::markup::Markup;
use crate::access::account::Account;
use crate::access::role::{Action, Role};
use crate::error::Error;
use crate::procedures::keep_factors::SigningNeeds;

/// A place in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// What waits.
    Inbox,
    /// Every monitored version.
    Fleet,
    /// Models and their versions.
    Models,
    /// The ledger.
    AuditTrail,
    /// Periodic reviews.
    Reviews,
    /// Incidents and continuity drills.
    Incidents,
    /// How ready the installation is for an inspection.
    Indicators,
    /// Predictions that people review.
    PredictionReview,
    /// How long files are kept, and what removes them.
    Retention,
    /// Evidence packs.
    Evidence,
    /// All accounts.
    Accounts,
    /// Who is told outside.
    Notices,
    /// How it stands with the installation.
    System,
    /// One's own account.
    Account,
    /// None of them.
    Elsewhere,
}

/// One entry of the navigation.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// What it says.
    pub words: &'static str,
    /// Where it leads.
    pub path: &'static str,
    /// Whether the page shown is there.
    pub here: bool,
}

/// What a form led to.
#[derive(Clone, Debug)]
pub struct Notice {
    /// `done` or `refused`.
    pub kind: &'static str,
    /// What happened.
    pub text: Markup,
    /// What to do.
    pub hint: Markup,
}

impl Notice {
    /// It is done.
    pub fn done(text: &str) -> Self {
        Self { kind: "done", text: Markup::message(text), hint: Markup::default() }
    }

    /// It was refused, for this reason.
    pub fn refused(error: &Error) -> Self {
        Self {
            kind: "refused",
            text: Markup::message(&error.to_string()),
            hint: Markup::message(error.hint()),
        }
    }
}

/// What the layout of every page needs.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Title of the page.
    pub title: String,
    /// Where it is.
    pub place: Place,
    /// Who is signed in.
    pub account: Option<Account>,
    /// When the page was made, UTC: a print says it.
    pub read_at: String,
    /// What forms of this session send back.
    pub form_token: String,
    /// Whether the store is a demonstration.
    pub demonstration: bool,
    /// Whether the password has to be changed before any other page is shown; then there is no navigation.
    pub password_due: bool,
    /// What the next signature needs.
    pub needs: SigningNeeds,
    /// The scripts of the page.
    pub scripts: Vec<Script>,
    /// What a form led to.
    pub notice: Option<Notice>,
}

impl Frame {
    /// The frame of a page for somebody who is not signed in.
    pub fn public(title: &str, demonstration: bool) -> Self {
        Self {
            title: title.to_owned(),
            place: Place::Elsewhere,
            account: None,
            read_at: String::new(),
            form_token: String::new(),
            demonstration,
            password_due: false,
            needs: SigningNeeds::default(),
            scripts: Vec::new(),
            notice: None,
        }
    }

    /// The same frame with a message on top.
    #[must_use]
    pub fn with_notice(self, notice: Option<Notice>) -> Self {
        Self { notice, ..self }
    }

    /// When the page was made.
    pub fn read(&self) -> Markup {
        Markup::time(&self.read_at)
    }

    /// The navigation of this person.
    pub fn links(&self) -> Vec<Link> {
        let link = |place, words, path| Link { words, path, here: place == self.place };
        let mut links = vec![
            link(Place::Inbox, "Inbox", "/"),
            link(Place::Fleet, "Fleet", "/fleet"),
            link(Place::Models, "Models", "/models"),
            link(Place::AuditTrail, "Audit trail", "/audit-trail"),
            link(Place::PredictionReview, "Prediction review", "/review-samples"),
            link(Place::Reviews, "Reviews", "/reviews"),
            link(Place::Incidents, "Incidents", "/incidents"),
            link(Place::Evidence, "Evidence", "/evidence"),
            link(Place::Indicators, "Indicators", "/indicators"),
            link(Place::Retention, "Retention", "/retention"),
        ];
        if self.may(Action::ManageAccounts) {
            links.push(link(Place::Accounts, "Accounts", "/accounts"));
        } else if self.may(Action::ApproveRoles) {
            links.push(link(Place::Accounts, "Roles", "/accounts/roles"));
        }
        if self.may(Action::ReadNotices) {
            links.push(link(Place::Notices, "Notices", "/notices"));
            links.push(link(Place::System, "System", "/system"));
        }
        links
    }

    /// Whether the person registers models.
    pub fn may_register(&self) -> bool {
        self.may(Action::Register)
    }

    /// Whether the person's role permits `action`. What counts is the procedure's own check; this chooses what is shown.
    pub fn may(&self, action: Action) -> bool {
        self.account.as_ref().is_some_and(|account| action.roles().contains(&account.role))
    }

    /// The role of who is signed in, as a person reads it.
    pub fn role(&self) -> String {
        self.account.as_ref().map(|account| role_words(account.role)).unwrap_or_default()
    }

    /// Whether this is one's own account page.
    pub fn is_account(&self) -> bool {
        self.place == Place::Account
    }

    /// Address of the style sheet, which changes with its content.
    pub fn style_address(&self) -> &'static str {
        assets::style_address()
    }

    /// Version of the program.
    pub fn program_version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}

/// A role as a person reads it.
pub fn role_words(role: Role) -> String {
    role.printed().to_owned()
}

/// The roles that may do `action`, as a person reads them: `QA or reviewer`.
pub fn roles_that_may(action: Action) -> String {
    action.roles().iter().map(|role| role_words(*role)).collect::<Vec<_>>().join(" or ")
}
