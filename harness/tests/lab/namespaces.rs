//! Daemons in namespaces of a kernel that has what they need: a guest's, which has, whatever this machine's does.

use std::path::Path;
use std::time::Duration;

use l2tpspec::lab::{self, Guest, Hosting, Machine};
use libtest_mimic::Failed;

/// A case over IPsec, and the subject that plays it.
const CASE: &str = "guides/connect*client=networkmanager-strongswan*direct*";
const SUBJECT: &str = "strongswan-xl2tpd";
/// How often it is played at most. strongSwan takes what ESP protects before it has the policies that protect the answer, and
/// where all of it is emulated an SCCRQ may come in between: that the SCCRP then leaves in clear is found, and is not what is
/// tried here.
const TRIES: u32 = 5;
/// All of it, emulated.
const PATIENCE: Duration = Duration::from_secs(300);
/// What there is of processes, mounts and namespaces, a number a line.
const LEFT: &str =
    "readlink /proc/[0-9]*/exe | wc -l; wc -l </proc/mounts; readlink /proc/[0-9]*/ns/* | sort -u | wc -l";

/// A case is played there, and neither its end nor that of a harness that is killed leaves anything.
pub(super) fn played(agent: &Path, scenarios: &Path) -> Result<(), Failed> {
    let file = super::subject(SUBJECT)?;
    let packages: Vec<&str> = file.packages.iter().map(String::as_str).collect();
    // What it is made of is there before: a guest has no way out.
    lab::Subject::fetch(&file).map_err(|error| error.to_string())?;
    let machine = Machine { packages: &packages, memory: 768, agent, hosting: Some(Hosting::Qemu) };
    let mut guest = Guest::boot(&machine).map_err(|error| error.to_string())?;
    let mut done = |step: &str, script: &str| {
        guest.do_step(step, script, PATIENCE).map_err(|error| Failed::from(error.to_string()))
    };
    let cache = lab::cache().map_err(|error| error.to_string())?;
    let run = format!(
        "L2TPSPEC_HOSTING=netns L2TPSPEC_CACHE={} {} run '{CASE}' --subject lab:{SUBJECT} --scenarios {}",
        cache.display(),
        agent.display(),
        scenarios.display(),
    );
    // The first one loads modules, which stay.
    let said = done("the case", &format!("for try in $(seq {TRIES}); do {run} && break; done"))?;
    if !said.contains("1 pass") || !said.contains(&format!("lab:{SUBJECT} is ")) {
        return Err(format!("the case has not passed: {said}").into());
    }
    let before = done("what there is", LEFT)?;
    let killed = format!(
        "{run} >/dev/null 2>&1 & harness=$!\n\
         tries=0; until pgrep -x charon >/dev/null; do sleep 0.2; tries=$((tries + 1)); [ $tries -lt 300 ]; done\n\
         kill -9 $harness; wait $harness\n\
         tries=0; while pgrep -x charon >/dev/null; do sleep 0.2; tries=$((tries + 1)); [ $tries -lt 50 ] || exit 1; done"
    );
    done("the end of a harness that is killed", &killed)?;
    let after = done("what is left", LEFT)?;
    if before != after {
        return Err(
            format!("there were {before} processes, mounts and namespaces, and {after} are left").into()
        );
    }
    Ok(())
}
