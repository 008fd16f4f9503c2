//! Who may do what: account, role, password, password policy, session, token, second factor, identity provider, passkey;
//! what has to be recorded about a person before the first signature.
//!
//! Must not know: HTTP, SQL, models. Start with [`role`] (the permission table, data in one place), then [`account`].

pub mod account;
pub mod accountability;
pub mod event;
pub mod misuse;
pub mod passkey;
pub mod password;
pub mod password_policy;
pub mod provider;
pub mod role;
pub mod second_factor;
pub mod session;
pub mod token;
pub mod training;

/// Why somebody may not do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No account of that name with that password. Says not which of the two was wrong.
    #[error("user name or password is wrong")]
    WrongCredentials,
    /// The password was right, and the account has a second factor.
    #[error("the account has a second factor; send a code of its authenticator too")]
    SecondFactorNeeded,
    /// The account is linked to an identity at a provider.
    #[error("`{user_name}` signs in at the identity provider, and not with a password")]
    SignsInAtProvider {
        /// Whose account.
        user_name: String,
    },
    /// No account is linked to who came from the provider.
    #[error("no account is linked to `{subject}` of {issuer}")]
    SubjectUnknown {
        /// The provider.
        issuer: String,
        /// What it calls the person.
        subject: String,
    },
    /// Nobody can sign in at a provider here.
    #[error("this server has no identity provider; start it with `--oidc-issuer`")]
    NoProvider,
    /// A setting of the provider that cannot be used.
    #[error("`{field}` is `{found}`, expected {expected}")]
    ProviderSetting {
        /// The setting.
        field: &'static str,
        /// As given.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// The provider does not answer.
    #[error("the identity provider {issuer} does not answer: {detail}")]
    ProviderDown {
        /// The provider.
        issuer: String,
        /// What happened.
        detail: String,
    },
    /// The provider answered with something that lets nobody in.
    #[error("the identity provider's answer is refused: {detail}")]
    ProviderAnswer {
        /// What is wrong with it.
        detail: String,
    },
    /// Nothing is known of the login that this answers.
    #[error("nobody began this login in this browser, or it was begun more than 10 minutes ago")]
    LoginUnknown,
    /// Signing needs a login anew, and this is none.
    #[error("signing needs a new login at the identity provider: {found}")]
    LoginNotFresh {
        /// What came instead.
        found: String,
    },
    /// Signing needs a login anew, and there is none.
    #[error(
        "to sign, log in again at the identity provider; it is good for one signature within 2 minutes"
    )]
    FreshLoginNeeded,
    /// Passkeys cannot be used at the address this server has.
    #[error("passkeys cannot be used at `{found}`: {detail}")]
    PublicUrl {
        /// The address.
        found: String,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// A passkey, or what it says, is refused.
    #[error("the passkey is refused: {detail}")]
    Passkey {
        /// What does not fit.
        detail: String,
    },
    /// The account has a passkey, and its word about this record is missing.
    #[error("your passkey has to confirm this signature, within 2 minutes before it")]
    PasskeyNeeded,
    /// Another person's user name was typed to sign.
    #[error("`{typed}` is not the user name of whose session this is")]
    OtherUserName {
        /// As typed.
        typed: String,
    },
    /// The account does not sign until another person has checked whose it is.
    #[error("signing is suspended for `{user_name}`: {reason}")]
    SigningHeld {
        /// Whose account.
        user_name: String,
        /// Why.
        reason: String,
    },
    /// Nobody has recorded how it was checked whose account it is.
    #[error("nobody has recorded how it was checked that `{user_name}` is who the account says")]
    IdentityNotChecked {
        /// Whose account.
        user_name: String,
    },
    /// The signer has not accepted the statement of accountability in force.
    #[error("`{user_name}` has not accepted the statement of accountability that is in force")]
    AccountabilityNotAccepted {
        /// Whose account.
        user_name: String,
    },
    /// No statement of accountability is in force.
    #[error(
        "no statement of accountability is in force, so nobody can accept it and sign; a data folder of an earlier version has none until one is put in force"
    )]
    NoStatement,
    /// A statement that cannot be in force.
    #[error("the statement of accountability has {found} characters, expected {low} to {high}")]
    Statement {
        /// Characters found.
        found: usize,
        /// Fewest.
        low: usize,
        /// Most.
        high: usize,
    },
    /// A way to check an identity that does not exist.
    #[error("`{method}` is no way to check an identity; expected one of {expected}")]
    UnknownMethod {
        /// As typed.
        method: String,
        /// All ways.
        expected: String,
    },
    /// What was seen is not said, or says too much.
    #[error("`seen` {detail}")]
    Seen {
        /// What is wrong with it.
        detail: &'static str,
    },
    /// A rule about training, or a record of one, that cannot be.
    #[error("the training is refused: {detail}")]
    Training {
        /// What was found, and what was expected.
        detail: String,
    },
    /// The role needs a training that is not current.
    #[error(
        "role `{role}` is suspended for `{user_name}`: it needs the training `{course}`, and {found}"
    )]
    TrainingNeeded {
        /// Whose account.
        user_name: String,
        /// The role.
        role: &'static str,
        /// The course.
        course: String,
        /// What is recorded.
        found: String,
    },
    /// Nobody signs while the time cannot be trusted.
    #[error("nobody can sign now: {0}")]
    ClockNotTrusted(String),
    /// Too many wrong passwords.
    #[error(
        "`{user_name}` is locked after {attempts} wrong passwords; an administrator can unlock it"
    )]
    Locked {
        /// Whose account.
        user_name: String,
        /// Wrong passwords in a row.
        attempts: u32,
    },
    /// The account is disabled.
    #[error("the account of `{user_name}` is disabled")]
    Disabled {
        /// Whose account.
        user_name: String,
    },
    /// No role is in force.
    #[error(
        "no role is in force for `{user_name}`: it waits for another person's approval, or has ended"
    )]
    NoRole {
        /// Whose account.
        user_name: String,
    },
    /// The session is unknown, over, or idle for too long.
    #[error("the session is over; sign in again")]
    SessionOver,
    /// Nobody is signed in and no token was given.
    #[error("sign in, or send a token in the `Authorization: Bearer` header")]
    NotSignedIn,
    /// The token is unknown, revoked or expired.
    #[error("the token is not valid; ask its owner for a new one")]
    TokenNotValid,
    /// The role does not permit the action.
    #[error("role `{role}` may not {action}; it takes {needed}")]
    NotPermitted {
        /// Role of the actor.
        role: &'static str,
        /// What was asked for.
        action: &'static str,
        /// Roles that may.
        needed: String,
    },
    /// The same person may not do both steps.
    #[error("`{user_name}` {did}, so another person has to {must}")]
    SamePerson {
        /// Who.
        user_name: String,
        /// What this person did before.
        did: &'static str,
        /// What somebody else must do.
        must: &'static str,
    },
    /// A password that is too weak.
    #[error("the password has {found} characters, expected at least {needed}")]
    PasswordTooShort {
        /// Characters found.
        found: usize,
        /// Characters needed.
        needed: usize,
    },
    /// A password that is guessed first.
    #[error(
        "the password is made of common ones; take three or four words that do not belong together"
    )]
    PasswordCommon,
    /// A password with the person's own name in it.
    #[error("the password holds the user name or a word of the printed name; leave names out")]
    PasswordHoldsName,
    /// A password that was used before.
    #[error("the password was used before; the last {last} may not come again")]
    PasswordReused {
        /// How many are remembered.
        last: u32,
    },
    /// A password policy that cannot be in force.
    #[error("`{field}` of the password policy is {found}, expected {low} to {high}")]
    PasswordPolicy {
        /// The field.
        field: &'static str,
        /// As given.
        found: u32,
        /// Smallest value.
        low: u32,
        /// Largest value.
        high: u32,
    },
    /// The password has to be changed before anything else.
    #[error("the password has to be changed first: {0}")]
    PasswordDue(password_policy::PasswordDue),
    /// A user name that cannot be used.
    #[error(
        "`{user_name}` cannot be a user name; use 2 to 40 lower-case letters, digits, `.`, `-` or `_`"
    )]
    UserName {
        /// As typed.
        user_name: String,
    },
    /// A role that does not exist.
    #[error("`{role}` is not a role; expected one of {expected}")]
    UnknownRole {
        /// As typed.
        role: String,
        /// All roles.
        expected: String,
    },
    /// A kind of access event that does not exist.
    #[error("`{kind}` is not in the access log; expected one of {expected}")]
    UnknownAccessKind {
        /// As typed.
        kind: String,
        /// All kinds.
        expected: String,
    },
    /// A form sent from another page than ours.
    #[error("the form was not sent from a page of this session; reload the page and send it again")]
    Forged,
    /// A stored password digest cannot be read, or none can be made.
    #[error("password digest failed: {detail}")]
    Digest {
        /// What failed.
        detail: String,
    },
    /// The operating system's random source failed.
    #[error("no random bytes")]
    Random(#[source] getrandom::Error),
}

/// `Result` of this room.
pub type Result<T> = std::result::Result<T, Error>;
