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
    /// Dissect a capture: every frame, every layer, decrypted with the keys given.
    Decode(Decode),
    /// Judge captures: how far each connection got, why it got no further, and which requirements were broken.
    Check(Check),
    /// Write what captures hold for the fuzz targets: every message, decrypted, as one small file.
    Corpus(Corpus),
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
    /// The captures: pcap, pcapng, or pppd's record format; gzip is opened.
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

/// What `corpus` takes.
#[derive(Debug, ClapArgs)]
pub(super) struct Corpus {
    /// The captures.
    #[arg(required = true)]
    pub(super) captures: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) keys: Keys,
    /// Directory that gets a folder for every target. A file is named by the SHA-1 of what it holds, as libFuzzer does.
    #[arg(long, short, value_name = "DIR")]
    pub(super) output: PathBuf,
}
