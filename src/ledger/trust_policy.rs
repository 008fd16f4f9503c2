//! Whom a verifier trusts: the file that names logs, witnesses, and how many witnesses must have cosigned a checkpoint.
//!
//! ```text
//! log <vkey> [<url>]
//! witness <name> <vkey> [<url>]
//! group <name> all|any|<k> <name>…
//! quorum <name>|none
//! ```
//!
//! The same file tells a server which witnesses to ask (at their `url`), and a verifier what to demand.
//!
//! Source: <https://c2sp.org/tlog-policy>.

use super::checkpoint::Checkpoint;
use super::cosignature::WitnessVerifier;
use super::note::VerifierKey;
use super::{Error, Result};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The longest policy, in bytes.
const POLICY_MAX: usize = 256 * 1024;

/// A log that is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedLog {
    /// Its key.
    pub key: VerifierKey,
    /// Where it is served.
    pub url: Option<String>,
}

/// A witness that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownWitness {
    /// Its name within the policy.
    pub name: String,
    /// Its key.
    pub key: WitnessVerifier,
    /// Where it takes checkpoints: what stands before `/add-checkpoint`.
    pub url: Option<String>,
}

/// `needed` of `members`, each a witness or an earlier group.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: String,
    needed: usize,
    members: Vec<String>,
}

/// Logs, witnesses and quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    /// Logs whose checkpoints are accepted.
    pub logs: Vec<TrustedLog>,
    /// Witnesses, in the order of the file.
    pub witnesses: Vec<KnownWitness>,
    groups: Vec<Group>,
    quorum: Option<String>,
}

/// A checkpoint that meets a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// The head of the log.
    pub head: Checkpoint,
    /// Witnesses that cosigned it, by their name within the policy, and when.
    pub cosigned: BTreeMap<String, Timestamp>,
}

impl TrustPolicy {
    /// Reads a policy file, strictly.
    ///
    /// # Errors
    ///
    /// [`Error::TrustPolicy`] with the line, [`Error::TooLong`].
    ///
    /// ```
    /// use driftledger::ledger::trust_policy::TrustPolicy;
    /// let text = "# one log, nobody else\nlog PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\nquorum none\n";
    /// assert_eq!(TrustPolicy::parse(text).unwrap().logs.len(), 1);
    /// assert!(TrustPolicy::parse("log PeterNeumann\n").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > POLICY_MAX {
            let (found, allowed) = (text.len(), POLICY_MAX);
            return Err(Error::TooLong { part: "trust policy", found, allowed });
        }
        let mut policy =
            Self { logs: Vec::new(), witnesses: Vec::new(), groups: Vec::new(), quorum: None };
        let (mut used, mut quorums) = (BTreeSet::new(), 0_u32);
        for (line, words) in (1_usize..).zip(text.split('\n').map(words)) {
            let refused = |reason: &str| Error::TrustPolicy { line, reason: reason.to_owned() };
            if words.iter().any(|word| word.chars().any(char::is_control)) {
                return Err(refused("a control character"));
            }
            let added = match words[..] {
                [] => Ok(()),
                [word, ..] if word.starts_with('#') => Ok(()),
                ["log", key, ref url @ ..] if url.len() < 2 => policy.add_log(key, url),
                ["witness", name, key, ref url @ ..] if url.len() < 2 => {
                    policy.add_witness(name, key, url)
                }
                ["group", name, needed, ref members @ ..] => {
                    policy.add_group(name, needed, members, &mut used)
                }
                ["quorum", name] => {
                    quorums += 1;
                    policy.set_quorum(name)
                }
                _ => Err(
                    "expected `log VKEY [URL]`, `witness NAME VKEY [URL]`, `group NAME all|any|K NAME…` or `quorum NAME|none`"
                        .to_owned(),
                ),
            };
            added.map_err(|reason| refused(&reason))?;
        }
        if quorums == 1 {
            return Ok(policy);
        }
        let reason = format!("{quorums} `quorum` lines, expected one");
        Err(Error::TrustPolicy { line: text.lines().count(), reason })
    }

    /// The head that `note` states, once a log of this policy signed it and its witnesses make the quorum. A log that got another key has
    /// a line for each.
    ///
    /// # Errors
    ///
    /// Those of [`Checkpoint::open`]; [`Error::QuorumNotMet`].
    pub fn open(&self, note: &str) -> Result<Witnessed> {
        let stated = Checkpoint::stated(note)?;
        let mut refused = None;
        for log in self.logs.iter().filter(|log| log.key.name() == stated.origin) {
            match Checkpoint::open(note, &log.key) {
                Ok(head) => {
                    let cosigned = self.witnesses_of(note, &head)?;
                    return Ok(Witnessed { head, cosigned });
                }
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        let expected = || self.logs.iter().map(|log| log.key.name()).collect::<Vec<_>>();
        Err(refused.unwrap_or_else(|| Error::OtherOrigin {
            found: stated.origin,
            expected: expected().join(" or "),
        }))
    }

    /// Which witnesses cosigned `note`, and when, if they make the quorum; `head` is what it signs.
    ///
    /// # Errors
    ///
    /// [`Error::BadSignature`], [`Error::QuorumNotMet`].
    pub fn witnesses_of(
        &self,
        note: &str,
        head: &Checkpoint,
    ) -> Result<BTreeMap<String, Timestamp>> {
        let mut cosigned = BTreeMap::new();
        for witness in &self.witnesses {
            if let Some(time) = witness.key.cosigned_at(note)? {
                cosigned.insert(witness.name.clone(), time);
            }
        }
        if self.is_quorum(&cosigned) {
            return Ok(cosigned);
        }
        let quorum = self.quorum.clone().unwrap_or_default();
        let cosigned: Vec<_> = cosigned.into_keys().collect();
        let by = if cosigned.is_empty() { "nobody".to_owned() } else { cosigned.join(", ") };
        Err(Error::QuorumNotMet { size: head.size, quorum, by })
    }

    fn is_quorum(&self, cosigned: &BTreeMap<String, Timestamp>) -> bool {
        let Some(quorum) = &self.quorum else { return true };
        let mut witnessed: BTreeSet<&str> = cosigned.keys().map(String::as_str).collect();
        // A group names earlier ones only, so one pass is enough.
        for group in &self.groups {
            let members = group.members.iter().filter(|name| witnessed.contains(name.as_str()));
            if members.count() >= group.needed {
                witnessed.insert(&group.name);
            }
        }
        witnessed.contains(quorum.as_str())
    }

    fn add_log(&mut self, key: &str, url: &[&str]) -> std::result::Result<(), String> {
        let key: VerifierKey = key.parse().map_err(|error: Error| error.to_string())?;
        if self.logs.iter().any(|log| log.key.public_key() == key.public_key()) {
            return Err("this key is listed already".to_owned());
        }
        self.logs.push(TrustedLog { key, url: url.first().map(|url| (*url).to_owned()) });
        Ok(())
    }

    fn add_witness(
        &mut self,
        name: &str,
        key: &str,
        url: &[&str],
    ) -> std::result::Result<(), String> {
        self.refuse_taken(name)?;
        let key: WitnessVerifier = key.parse().map_err(|error: Error| error.to_string())?;
        if self.witnesses.iter().any(|known| known.key.public_key() == key.public_key()) {
            return Err("this key is listed already".to_owned());
        }
        let url = url.first().map(|url| url.trim_end_matches('/').to_owned());
        self.witnesses.push(KnownWitness { name: name.to_owned(), key, url });
        Ok(())
    }

    fn add_group(
        &mut self,
        name: &str,
        needed: &str,
        members: &[&str],
        used: &mut BTreeSet<String>,
    ) -> std::result::Result<(), String> {
        self.refuse_taken(name)?;
        for member in members {
            if !self.is_defined(member) {
                return Err(format!("`{member}` is no witness and no group of an earlier line"));
            }
            if !used.insert((*member).to_owned()) {
                return Err(format!("`{member}` is a member of a group already"));
            }
        }
        let needed = match needed {
            "all" => members.len(),
            "any" => 1,
            number => number.parse().ok().filter(|k: &usize| k.to_string() == number).unwrap_or(0),
        };
        if needed == 0 || needed > members.len() {
            return Err(format!(
                "a group needs `all`, `any` or a number from 1 to that of its members ({})",
                members.len()
            ));
        }
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.groups.push(Group { name: name.to_owned(), needed, members });
        Ok(())
    }

    fn set_quorum(&mut self, name: &str) -> std::result::Result<(), String> {
        if name == "none" {
            self.quorum = None;
        } else if self.is_defined(name) {
            self.quorum = Some(name.to_owned());
        } else {
            return Err(format!("`{name}` is no witness and no group of an earlier line"));
        }
        Ok(())
    }

    fn refuse_taken(&self, name: &str) -> std::result::Result<(), String> {
        if name == "none" || self.is_defined(name) {
            return Err(format!("the name `{name}` is taken"));
        }
        Ok(())
    }

    fn is_defined(&self, name: &str) -> bool {
        self.witnesses.iter().any(|witness| witness.name == name)
            || self.groups.iter().any(|group| group.name == name)
    }
}

/// The words of a line; nothing but spaces and tabs separates them.
fn words(line: &str) -> Vec<&str> {
    line.split([' ', '\t']).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::cosignature::WitnessKey;
    use crate::ledger::key::LogKey;

    struct Case {
        log: LogKey,
        witnesses: Vec<WitnessKey>,
        head: Checkpoint,
    }

    fn case() -> Case {
        let log = LogKey::generate("example.org/log").unwrap();
        let witnesses = (0..3).map(|n| WitnessKey::generate(&format!("w{n}.example")).unwrap());
        let head = Checkpoint { origin: "example.org/log".into(), size: 3, root: [7; 32] };
        Case { log, witnesses: witnesses.collect(), head }
    }

    impl Case {
        fn policy(&self, rest: &str) -> String {
            let mut text = format!("log {} https://log.example\n", self.log.verifier());
            for (n, witness) in self.witnesses.iter().enumerate() {
                text += &format!("witness W{n}\t{} http://w{n}.example/ \n", witness.verifier());
            }
            text + rest
        }

        fn note(&self, cosigners: &[usize]) -> String {
            let mut note = self.head.sign(&self.log).unwrap();
            for n in cosigners {
                note += &self.witnesses[*n].cosign(&self.head, Timestamp::UNIX_EPOCH);
            }
            note
        }
    }

    #[test]
    fn the_quorum_is_counted_through_groups() {
        let case = case();
        let text = case.policy(
            "# two of three, and the first\ngroup G 1 W1 W2\ngroup All all W0 G\nquorum All\n",
        );
        let policy = TrustPolicy::parse(&text).unwrap();
        assert_eq!(policy.witnesses[1].url.as_deref(), Some("http://w1.example"));
        for (cosigners, is_met) in
            [(&[][..], false), (&[0], false), (&[1, 2], false), (&[0, 2], true), (&[0, 1, 2], true)]
        {
            let opened = policy.open(&case.note(cosigners));
            assert_eq!(opened.is_ok(), is_met, "{cosigners:?}");
            match opened {
                Ok(witnessed) => assert_eq!(witnessed.cosigned.len(), cosigners.len()),
                Err(error) => assert!(matches!(error, Error::QuorumNotMet { size: 3, .. })),
            }
        }
        let none = TrustPolicy::parse(&case.policy("quorum none")).unwrap();
        assert!(none.open(&case.note(&[])).unwrap().cosigned.is_empty());
    }

    #[test]
    fn a_log_that_got_another_key_has_a_line_for_each() {
        let case = case();
        let new = LogKey::generate("example.org/log").unwrap();
        let rest = format!("log {}\nquorum none\n", new.verifier());
        let policy = TrustPolicy::parse(&case.policy(&rest)).unwrap();
        for note in [
            case.note(&[]),
            case.head.sign(&new).unwrap(),
            case.head.sign_by_both(&case.log, &new).unwrap(),
        ] {
            assert_eq!(policy.open(&note).unwrap().head, case.head);
        }
        let alone = TrustPolicy::parse(&case.policy("quorum none\n")).unwrap();
        let refused = alone.open(&case.head.sign(&new).unwrap());
        assert!(matches!(refused, Err(Error::NotSigned { .. })));
    }

    #[test]
    fn another_log_is_not_trusted() {
        let case = case();
        let policy = TrustPolicy::parse(&case.policy("quorum none\n")).unwrap();
        let stranger = LogKey::generate("example.org/log").unwrap();
        let signed = case.head.sign(&stranger).unwrap();
        assert!(matches!(policy.open(&signed), Err(Error::NotSigned { .. })));
        let elsewhere = Checkpoint { origin: "example.org/b".into(), ..case.head.clone() };
        let other = LogKey::generate("example.org/b").unwrap();
        let refused = policy.open(&elsewhere.sign(&other).unwrap());
        assert!(matches!(refused, Err(Error::OtherOrigin { .. })));
    }

    #[test]
    fn every_rule_of_the_format_refuses_with_its_line() {
        let case = case();
        for (rest, line) in [
            ("", 4),
            ("quorum none\nquorum none\n", 6),
            ("quorum W9\n", 5),
            ("group G any\nquorum G\n", 5),
            ("group G 0 W0\n", 5),
            ("group G 3 W0 W1\n", 5),
            ("group G 01 W0 W1\n", 5),
            ("group G any W0 W0\n", 5),
            ("group G any W0\ngroup H any W0\n", 6),
            ("group G any H\ngroup H any W0\n", 5),
            ("group none any W0\n", 5),
            ("group W1 any W0\n", 5),
            ("witnesses W0\n", 5),
            ("quorum none\r\n", 5),
        ] {
            let refused = TrustPolicy::parse(&case.policy(rest));
            assert!(
                matches!(refused, Err(Error::TrustPolicy { line: found, .. }) if found == line),
                "{rest:?}: {refused:?}"
            );
        }
        let twice = format!("log {}\n", case.log.verifier());
        assert!(TrustPolicy::parse(&case.policy(&(twice + "quorum none\n"))).is_err());
        let renamed = format!("witness X {}\n", case.witnesses[0].verifier());
        assert!(TrustPolicy::parse(&case.policy(&(renamed + "quorum none\n"))).is_err());
    }
}
