//! The arguments as the user types them.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

/// Conformance and regression tests for L2TP/IPsec VPNs.
#[derive(Debug, Parser)]
#[command(name = "l2tpspec", version, arg_required_else_help = true, after_help = EXIT_STATUS)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) verb: Verb,
}

const EXIT_STATUS: &str = "\
Exit status: 0 all as expected; 1 a failure, violation or difference; 2 wrong usage or an unreadable file; \
3 nothing could be judged.";

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Run scenarios against a subject; without a word, all of them against the built-in reference.
    Run(Run),
    /// List scenarios, profiles, subjects, requirements, faults, or the words of scenarios.
    List(List),
    /// Write scenarios in their canonical form, and the schema that editors complete them by.
    Fmt(Fmt),
    /// Which requirements the scenarios prove of the reference, and which faults they find.
    Coverage(Coverage),
    /// Dissect a capture: every frame, every layer, decrypted with the keys given.
    Decode(Decode),
    /// Judge captures: how far each connection got, why it got no further, and which requirements were broken.
    Check(Check),
    /// Real daemons on real kernels, in guests that need no privilege and leave nothing.
    Lab(Lab),
    /// Dial a supernode with the reference, and carry this host's IP through the tunnel until Ctrl-C.
    Connect(super::live::Connect),
    /// Be a supernode that devices can dial, until Ctrl-C.
    Serve(super::live::Serve),
    /// What has changed in behaviour between two captures: before and after an upgrade.
    Diff(Diff),
    /// Make profiles of both ends and a scenario from a capture, which re-enact it.
    Lift(Lift),
    /// Dial a subject again as a recorded client did, and compare what the subject does with what was recorded.
    Replay(Replay),
    /// Replay every capture of a folder: what an upgrade changes for each recorded device.
    Regress(Regress),
    /// Make a copy of a capture that may be shown to anybody: same behaviour, other names, keys and contents.
    Scrub(Scrub),
    /// Print a shell script that records on a live supernode: `l2tpspec kit > record.sh`, then there `sh record.sh -h`.
    Kit,
    /// Write what captures hold for the fuzz targets: every message, decrypted, as one small file.
    Corpus(Corpus),
}

/// What `lab` takes.
#[derive(Debug, ClapArgs)]
pub(super) struct Lab {
    #[command(subcommand)]
    pub(super) verb: LabVerb,
}

/// The verbs of `lab`.
#[derive(Debug, Subcommand)]
pub(super) enum LabVerb {
    /// Run each line of standard input in the guest of a lab that stands, or else of a subject that is booted for that.
    Shell {
        /// The lab, or the subject, as `l2tpspec list subjects` names it.
        #[arg(value_name = "NAME")]
        name: String,
        /// The directory of scenarios and profiles; `scenarios` unless told.
        #[arg(long, value_name = "DIR")]
        scenarios: Option<PathBuf>,
    },
    /// Put up a subject that stays, in a network namespace of its own, to be dialled or to dial.
    Up {
        /// The subject, as `l2tpspec list subjects` names it, or its file.
        #[arg(value_name = "NAME")]
        name: String,
        /// What the lab is called, where several have one subject; as the subject unless told.
        #[arg(long = "as", value_name = "NAME")]
        called: Option<String>,
        /// The directory of scenarios and profiles; `scenarios` unless told.
        #[arg(long, value_name = "DIR")]
        scenarios: Option<PathBuf>,
    },
    /// Take down what `up` has put up: the guest, its namespace, its device.
    Down {
        /// The lab; all of them unless told.
        #[arg(value_name = "NAME")]
        name: Option<String>,
    },
    /// Which labs stand. What a lab that was killed has left is removed.
    Status {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Make the subject of a lab that stands do something that has a name in its file: connect, disconnect, state, log.
    Tell {
        /// The lab.
        #[arg(value_name = "NAME")]
        name: String,
        /// What it is to do.
        #[arg(value_name = "ACTION")]
        action: String,
    },
    /// Hold a lab that stands.
    #[command(hide = true)]
    Hold {
        /// The lab.
        name: String,
        /// Its subject.
        subject: String,
        /// The directory of scenarios and profiles.
        #[arg(long)]
        scenarios: PathBuf,
    },
    /// Which device gets on with which server: every client by every supernode, direct and behind a translator.
    Matrix(Matrix),
    /// Do in a guest what is asked over a device, or over standard input in one that is namespaces.
    #[command(hide = true)]
    Agent {
        /// The device.
        #[arg(value_name = "DEVICE")]
        device: Option<PathBuf>,
    },
}

/// What `lab matrix` takes.
#[derive(Debug, ClapArgs)]
pub(super) struct Matrix {
    /// A subject, as `l2tpspec list subjects` names it; all of them, the reference too, unless told.
    #[arg(long = "subject", value_name = "NAME")]
    pub(super) subjects: Vec<String>,
    /// A client of the lab that dials the subjects in place of the reference, as `l2tpspec list subjects` names it.
    #[arg(long = "peer", value_name = "NAME", requires = "subjects")]
    pub(super) peers: Vec<String>,
    /// A client profile, or a pattern of them with `*`; all of them unless told.
    #[arg(long = "client", value_name = "NAME")]
    pub(super) clients: Vec<String>,
    /// What is tried: connect, data, dns, rekey-phase2, rekey-phase1, dpd, end, ospf; all of them unless told.
    #[arg(long = "column", value_name = "NAME")]
    pub(super) columns: Vec<String>,
    /// A folder a case, with the capture, its keys, and the daemons' logs where it did not pass.
    #[arg(long, value_name = "DIR")]
    pub(super) record: Option<PathBuf>,
    /// Keep every cell in FILE, and take up from it where a run was interrupted.
    #[arg(long, value_name = "FILE")]
    pub(super) resume: Option<PathBuf>,
    /// One JSON object a line.
    #[arg(long)]
    pub(super) json: bool,
    /// The directory of scenarios and profiles; `scenarios` unless told.
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
}

/// What `run` takes.
#[derive(Debug, ClapArgs)]
pub(super) struct Run {
    /// Scenarios: a file, a folder, an id, or a pattern of ids with `*`.
    #[arg(value_name = "SCENARIO")]
    pub(super) words: Vec<String>,
    /// Who is tested: `self` is the built-in reference in virtual time; lab:NAME a daemon; capture:FILE a recording.
    #[arg(long, value_name = "SUBJECT", default_value = "self")]
    pub(super) subject: String,
    /// Which connection of a recording, as `l2tpspec check` numbers them.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) connection: usize,
    #[command(flatten)]
    pub(super) keys: Keys,
    /// The directory of scenarios and profiles; `scenarios` unless told.
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// What all chance follows from: the same seed gives the same octets and the same report.
    #[arg(long, value_name = "TEXT", default_value = "1")]
    pub(super) seed: String,
    /// Write a folder for each case: `wire.pcapng` and `keys`, which Wireshark opens.
    #[arg(long, value_name = "DIR")]
    pub(super) record: Option<PathBuf>,
    /// Let the reference do something wrong all the time, to see which cases find it: `l2tpspec list faults`.
    #[arg(long, value_name = "FAULT")]
    pub(super) fault: Option<String>,
    /// Known failures of the subject; those that `scenarios/known` has of it unless told.
    #[arg(long, value_name = "FILE")]
    pub(super) known: Option<PathBuf>,
    /// Who the other end is, where that is not the reference: lab:NAME, a client for a supernode or the other way round.
    #[arg(long, value_name = "PEER")]
    pub(super) peer: Option<String>,
    /// Write the results as `JUnit`.
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// One JSON object a line.
    #[arg(long)]
    pub(super) json: bool,
    /// A line for every case, also for those that pass.
    #[arg(long, short, conflicts_with = "json")]
    pub(super) verbose: bool,
    /// How many cases are run side by side; as many as there are cores unless told.
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<usize>,
}

/// What `list` takes.
#[derive(Debug, ClapArgs)]
pub(super) struct List {
    /// What to list; all but the words unless told.
    pub(super) kinds: Vec<Kind>,
    /// The directory of scenarios and profiles; `scenarios` unless told.
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// One JSON object a line.
    #[arg(long)]
    pub(super) json: bool,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Kind {
    /// Scenarios.
    Scenarios,
    /// Profiles of devices and servers.
    Profiles,
    /// Who can be tested.
    Subjects,
    /// What lies between the ends.
    Topologies,
    /// Requirements of the RFCs.
    Requirements,
    /// Faults of the reference.
    Faults,
    /// Messages, fields, actions and checks that scenarios may name.
    Words,
}

impl Kind {
    /// The word for them.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Scenarios => "scenarios",
            Self::Profiles => "profiles",
            Self::Subjects => "subjects",
            Self::Topologies => "topologies",
            Self::Requirements => "requirements",
            Self::Faults => "faults",
            Self::Words => "words",
        }
    }
}

/// What `fmt` takes.
#[derive(Debug, ClapArgs)]
pub(super) struct Fmt {
    /// The scenarios; all of them, and their schema, unless told.
    pub(super) files: Vec<PathBuf>,
    /// Write nothing; status 1 if anything is not canonical.
    #[arg(long)]
    pub(super) check: bool,
    /// The directory of scenarios and profiles; `scenarios` unless told.
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
}

/// What `coverage` takes.
#[derive(Debug, ClapArgs)]
pub(super) struct Coverage {
    /// The directory of scenarios and profiles; `scenarios` unless told.
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// Let every fault of the reference loose too, and say which cases find it.
    #[arg(long)]
    pub(super) faults: bool,
    /// A line for every requirement, not only for those that are violated.
    #[arg(long, conflicts_with = "json")]
    pub(super) all: bool,
    /// One JSON object a line.
    #[arg(long)]
    pub(super) json: bool,
}

/// What `decode` takes.
#[derive(Debug, ClapArgs)]
pub(super) struct Decode {
    /// The capture: pcap, pcapng, or pppd's record format; gzip is opened.
    pub(super) capture: PathBuf,
    #[command(flatten)]
    pub(super) keys: Keys,
    /// One JSON object a line.
    #[arg(long)]
    pub(super) json: bool,
    /// Every field of every layer.
    #[arg(long, short, conflicts_with = "json")]
    pub(super) verbose: bool,
    /// Write passwords too.
    #[arg(long)]
    pub(super) show_secrets: bool,
}

/// What `check` takes.
#[derive(Debug, ClapArgs)]
pub(super) struct Check {
    /// The captures: pcap, pcapng, or pppd's record format; gzip is opened. Of a folder that `run --record` wrote, all.
    #[arg(required = true, value_name = "CAPTURE")]
    pub(super) captures: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) keys: Keys,
    /// Documented deviations of a daemon and version, which are reported apart and do not count.
    #[arg(long, value_name = "FILE")]
    pub(super) known: Vec<PathBuf>,
    /// Compare every outcome with DIR/NAME.json; status 0 then means that all is as expected, failures included.
    #[arg(long, value_name = "DIR")]
    pub(super) expect: Option<PathBuf>,
    /// Keep what came of each capture in FILE, and take up from it where a run was interrupted.
    #[arg(long, value_name = "FILE")]
    pub(super) resume: Option<PathBuf>,
    /// One JSON object a line.
    #[arg(long)]
    pub(super) json: bool,
}

/// What `diff` takes.
#[derive(Debug, ClapArgs)]
pub(super) struct Diff {
    /// The recording before: a capture, or a folder that `run --record` wrote.
    pub(super) old: PathBuf,
    /// The recording after.
    pub(super) new: PathBuf,
    #[command(flatten)]
    pub(super) keys: Keys,
    /// Differences that are accepted, each with its reason. One that is not seen any more is an error.
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Accept the differences of a field, written as `layer/field`, into the baseline.
    #[arg(long, value_name = "FIELD", requires_all = ["why", "baseline"])]
    pub(super) accept: Vec<String>,
    /// Why they are accepted.
    #[arg(long, value_name = "TEXT", requires = "accept")]
    pub(super) why: Option<String>,
    /// The directory of profiles, by which is told which devices are hit; `scenarios` unless told, if it is there.
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// Keep what came of each pair of recordings in FILE, and take up from it where a run was interrupted.
    #[arg(long, value_name = "FILE")]
    pub(super) resume: Option<PathBuf>,
    /// One JSON object a line.
    #[arg(long)]
    pub(super) json: bool,
}

/// The keys of a capture.
#[derive(Debug, ClapArgs)]
pub(super) struct Keys {
    /// Directory or file of keys: Wireshark's `esp_sa` and `ikev1_decryption_table`, `ip xfrm state` output, a charon
    /// log at level 4, `ike_secrets`. A directory that holds NAME.keys gives that to the capture NAME.pcap.
    #[arg(long, value_name = "DIR")]
    pub(super) keys: Vec<PathBuf>,
    /// Secret of the L2TP tunnel, to open hidden AVPs.
    #[arg(long, value_name = "SECRET")]
    pub(super) l2tp_secret: Option<String>,
}

/// What `lift` takes.
#[derive(Debug, ClapArgs)]
pub(super) struct Lift {
    /// The capture, or a folder that `run --record` or the kit wrote.
    pub(super) capture: PathBuf,
    #[command(flatten)]
    pub(super) keys: Keys,
    /// The scenario, such as `lifted/sn1.json`; the profiles go beside it, into `sn1.client.json` and `sn1.supernode.json`.
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// Which connection, as `l2tpspec check` numbers them.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) connection: usize,
    /// The client profile that fills what the capture does not show; the most like unless told.
    #[arg(long, value_name = "NAME")]
    pub(super) base: Option<String>,
    /// The supernode profile that does so.
    #[arg(long, value_name = "NAME", default_value = "strongswan-xl2tpd")]
    pub(super) supernode_base: String,
    /// The directory of scenarios and profiles; `scenarios` unless told.
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
}

/// What `replay` takes.
#[derive(Debug, ClapArgs)]
#[command(after_help = super::live::SECRETS)]
pub(super) struct Replay {
    /// The capture, or a folder that `run --record` or the kit wrote.
    pub(super) capture: PathBuf,
    /// Which connection, as `l2tpspec check` numbers them.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) connection: usize,
    #[command(flatten)]
    pub(super) against: Against,
}

/// What `regress` takes.
#[derive(Debug, ClapArgs)]
#[command(after_help = super::live::SECRETS)]
pub(super) struct Regress {
    /// The folder of captures, each with its keys beside it in NAME.keys.
    pub(super) captures: PathBuf,
    #[command(flatten)]
    pub(super) against: Against,
    /// Write the results as `JUnit`.
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Keep what came of each capture in FILE, and take up from it where a run was interrupted.
    #[arg(long, value_name = "FILE")]
    pub(super) resume: Option<PathBuf>,
}

/// Against whom recordings are replayed, and how the outcome is compared.
#[derive(Debug, ClapArgs)]
pub(super) struct Against {
    /// Who is tried: self, lab:NAME as `l2tpspec list subjects` names them, or udp:HOST, a live supernode.
    #[arg(long, value_name = "SUBJECT")]
    pub(super) subject: String,
    /// With self, the profile that the reference has as the subject: a supernode's, or a client's that is to dial the recorded
    /// supernode; strongswan-xl2tpd unless told.
    #[arg(long = "as", value_name = "NAME")]
    pub(super) profile: Option<String>,
    #[command(flatten)]
    pub(super) keys: Keys,
    /// The client profile that fills what a capture does not show; the most like unless told.
    #[arg(long, value_name = "NAME")]
    pub(super) base: Option<String>,
    /// Differences that are accepted, each with its reason. One that is not seen any more is an error.
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Accept the differences of a field, written as `layer/field`, into the baseline.
    #[arg(long, value_name = "FIELD", requires_all = ["why", "baseline"])]
    pub(super) accept: Vec<String>,
    /// Why they are accepted.
    #[arg(long, value_name = "TEXT", requires = "accept")]
    pub(super) why: Option<String>,
    /// How long a live connection is kept, in seconds, from 10 to 120; 10 unless told.
    #[arg(long, value_name = "SECONDS")]
    pub(super) length: Option<u64>,
    /// Keep what was lifted and recorded, a folder for each capture.
    #[arg(long, value_name = "DIR")]
    pub(super) record: Option<PathBuf>,
    /// The directory of scenarios and profiles; `scenarios` unless told.
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// One JSON object a line.
    #[arg(long)]
    pub(super) json: bool,
}

/// What `scrub` takes.
#[derive(Debug, ClapArgs)]
pub(super) struct Scrub {
    /// The capture, or a folder that `run --record` or the kit wrote.
    pub(super) capture: PathBuf,
    #[command(flatten)]
    pub(super) keys: Keys,
    /// The copy: pcapng if its name ends so, else pcap. Its keys go beside it, into NAME.keys.
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// What replacements are drawn from; the same text gives the same copy. Chance, unless told.
    #[arg(long, value_name = "TEXT")]
    pub(super) seed: Option<String>,
}

/// What `corpus` takes.
#[derive(Debug, ClapArgs)]
pub(super) struct Corpus {
    /// The captures, or folders that `run --record` wrote.
    #[arg(required = true)]
    pub(super) captures: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) keys: Keys,
    /// Directory that gets a folder for every target. A file is named by the SHA-1 of what it holds, as libFuzzer does.
    #[arg(long, short, value_name = "DIR")]
    pub(super) output: PathBuf,
}
