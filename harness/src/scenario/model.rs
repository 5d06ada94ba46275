//! A scenario as it is run: one combination of its parameters, everything checked.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::mutation::Mutation;
use super::vocabulary::{Macro, Selector, Subject};
use crate::transcript::connection::Role;

/// A case: a scenario with values for its parameters.
#[derive(Debug, Clone)]
pub struct Case {
    /// The scenario's file.
    pub path: PathBuf,
    /// The scenario's id: its path below the directory of scenarios, without `.json`.
    pub id: String,
    /// The parameters' values, as in `[client=edgeos]`; empty without parameters.
    pub combination: String,
    /// What holds, in a sentence.
    pub title: String,
    /// Requirements that it proves.
    pub cites: Vec<String>,
    /// Where the failure was seen in the field.
    pub seen_in: Vec<String>,
    /// Which end is under test.
    pub subject: Role,
    /// Profile of the client.
    pub client: String,
    /// Profile of the supernode.
    pub supernode: String,
    /// What lies between them.
    pub topology: super::topology::Topology,
    /// What differs from the profiles.
    pub changes: Changes,
    /// Conditions from the beginning on.
    pub network: Network,
    /// What may come at any moment.
    pub ambient: Vec<Selector>,
    /// Requirements that are broken on purpose.
    pub breaks: Vec<String>,
    /// The steps.
    pub steps: Vec<Step>,
    /// What triage says in the end, if that is part of the case.
    pub outcome: Option<Outcome>,
}

impl Case {
    /// Id and combination.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}{}", self.id, self.combination)
    }

    /// Whether the case sends what the profiles would not.
    #[must_use]
    pub fn mutates(&self) -> bool {
        any(&self.steps, |verb| matches!(verb, Verb::Send(send) if !send.mutate.is_empty()))
    }

    /// Whether the case sends, expects or rules out messages one by one.
    #[must_use]
    pub fn talks(&self) -> bool {
        any(&self.steps, |verb| matches!(verb, Verb::Send(_) | Verb::Expect(_) | Verb::Never(_)))
    }
}

/// Whether something is so of a step, or of one that is repeated.
fn any(steps: &[Step], is_so: fn(&Verb) -> bool) -> bool {
    steps.iter().any(|step| match &step.verb {
        Verb::Repeat { steps, .. } => any(steps, is_so),
        verb => is_so(verb),
    })
}

/// What a case changes of its profiles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Facts of the client, by dotted path.
    pub client: Vec<(String, Value)>,
    /// Facts of the supernode.
    pub supernode: Vec<(String, Value)>,
    /// The user name that the client gives.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<String>,
    /// Its pre-shared key.
    pub pre_shared_key: Option<String>,
    /// For which peer name its password is, as in the second column of pppd's chap-secrets.
    pub remote_name: Option<String>,
    /// The secret of the tunnel, of the client and of the supernode.
    pub tunnel_secret: [Option<String>; 2],
    /// How long after a loss the client begins anew.
    pub restart: Option<Duration>,
}

/// Conditions of the wire before the supernode.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Network {
    /// How long a packet is on its way.
    pub delay: Option<Duration>,
    /// How often packets are lost, in a million.
    pub loss: Option<u32>,
    /// How often packets come twice.
    pub duplication: Option<u32>,
    /// How often packets are overtaken.
    pub reordering: Option<u32>,
    /// How often a bit flips.
    pub corruption: Option<u32>,
    /// Bits a second.
    pub rate: Option<u64>,
    /// The longest datagram.
    pub mtu: Option<u16>,
    /// Whether anything comes through.
    pub is_up: Option<bool>,
    /// Whether the translator forgets now.
    pub rebinds: bool,
    /// Exact rules, in place of those before.
    pub rules: Option<Vec<Rule>>,
}

/// An exact rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What happens.
    pub act: Act,
    /// To which messages.
    pub selector: Selector,
    /// Of whom.
    pub from: Option<Role>,
    /// Which of them, from 1; none for all.
    pub nth: Vec<u64>,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// The message is lost.
    Drop,
    /// It comes twice.
    Duplicate,
    /// It comes so much later.
    Hold(Duration),
    /// It changes places with the next one.
    Swap,
    /// The bits of its last octet are turned.
    Corrupt,
    /// The translator forgets before it.
    Rebind,
}

/// A step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its number, from 1, and that of the steps around it, as in `4.2`.
    pub number: String,
    /// Where it stands: the line, from 1.
    pub line: usize,
    /// What is done.
    pub verb: Verb,
    /// Why.
    pub why: Option<String>,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Verb {
    /// Something with a name.
    Do(Do),
    /// One end says something.
    Send(Box<Send>),
    /// One of these messages has to come.
    Expect(Vec<Expect>),
    /// A message must not come.
    Never(Never),
    /// Steps, several times.
    Repeat {
        /// How often.
        times: u32,
        /// Which.
        steps: Vec<Step>,
    },
    /// Time passes.
    Wait(Duration),
    /// Conditions change.
    Network(Box<Network>),
    /// A side is looked at.
    Check {
        /// What of it.
        what: Subject,
        /// Which side.
        of: Party,
        /// What it has to be.
        is: Vec<(String, Matcher)>,
        /// How long it may take.
        within: Duration,
    },
    /// A remark for the report.
    Note,
}

/// Somebody in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// The client.
    Client,
    /// Another client of the same profile.
    Neighbour,
    /// The supernode.
    Supernode,
    /// A host on the LAN behind the client.
    Laptop,
    /// The resolver in the mesh behind the supernode.
    Resolver,
}

impl Party {
    /// The role of an end of the case; nothing of anybody else.
    #[must_use]
    pub const fn role(self) -> Option<Role> {
        match self {
            Self::Client => Some(Role::Client),
            Self::Supernode => Some(Role::Supernode),
            Self::Neighbour | Self::Laptop | Self::Resolver => None,
        }
    }
}

/// Something with a name.
#[derive(Debug, Clone)]
pub struct Do {
    /// What.
    pub what: Macro,
    /// Its arguments, by name.
    pub arguments: Vec<(String, Value)>,
    /// What it has to come to.
    pub is: Vec<(String, Matcher)>,
    /// How long it may take.
    pub within: Duration,
}

impl Do {
    /// An argument that is a string.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.argument(name).and_then(Value::as_str)
    }

    /// An argument.
    #[must_use]
    pub fn argument(&self, name: &str) -> Option<&Value> {
        self.arguments.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }
}

/// One end says something.
#[derive(Debug, Clone)]
pub struct Send {
    /// What.
    pub message: Selector,
    /// Who.
    pub from: Role,
    /// Changed in which ways.
    pub mutate: Vec<Mutation>,
    /// By which name it is known afterwards.
    pub save: Option<String>,
    /// Part of what the other end says of it when it sets it aside.
    pub refused: Option<String>,
}

/// A message that has to come.
#[derive(Debug, Clone)]
pub struct Expect {
    /// Which.
    pub message: Selector,
    /// From whom.
    pub from: Option<Role>,
    /// The latest.
    pub within: Duration,
    /// The earliest.
    pub after: Duration,
    /// Its fields.
    pub with: Vec<(String, Matcher)>,
    /// By which name it is known afterwards.
    pub save: Option<String>,
    /// When it is sent again, and again.
    pub retransmits: Option<Retransmits>,
}

/// A schedule of retransmissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retransmits {
    /// When, after the first.
    pub at: Vec<Duration>,
    /// How far off each may be, in hundredths.
    pub slack: u32,
}

/// A message that must not come.
#[derive(Debug, Clone)]
pub struct Never {
    /// Which.
    pub message: Selector,
    /// From whom.
    pub from: Option<Role>,
    /// With which fields.
    pub with: Vec<(String, Matcher)>,
    /// For how long.
    pub time: Duration,
}

/// What a value has to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// The same.
    Is(Value),
    /// One of them.
    In(Vec<Value>),
    /// Between them, both included.
    Range(f64, f64),
    /// So many octets long.
    Length(usize),
    /// These octets.
    Octets(Vec<u8>),
    /// There.
    Present,
    /// Not there.
    Absent,
    /// What an expression says.
    Expression(Expression),
}

/// A field of a message that was saved, plus a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// The message.
    pub variable: String,
    /// The field.
    pub field: String,
    /// What is added.
    pub plus: i64,
}

/// What triage has to say in the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The rung.
    pub rung: Option<String>,
    /// Whether it failed.
    pub failed: Option<bool>,
    /// Part of the cause.
    pub cause: Option<String>,
}
