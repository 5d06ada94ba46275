//! Labs that stand, from the command line: put up, dialled by the reference on real sockets, taken down, killed.

use std::path::Path;
use std::process::{Command, Output};

use libtest_mimic::Failed;
use serde_json::Value;

use super::AGENT;

fn run(command: &mut Command) -> Result<(String, Output), Failed> {
    let output = command.output().map_err(|error| error.to_string())?;
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    Ok((String::from_utf8_lossy(&text).into_owned(), output))
}

fn lab(words: &[&str]) -> Result<String, Failed> {
    let scenarios = super::root();
    let mut command = Command::new(AGENT);
    command.arg("lab").args(words);
    if words[0] == "up" {
        command.arg("--scenarios").arg(scenarios);
    }
    let (text, output) = run(&mut command)?;
    if output.status.success() { Ok(text) } else { Err(format!("{words:?}: {text}").into()) }
}

fn status(name: &str) -> Result<Option<Value>, Failed> {
    let text = lab(&["status", "--json"])?;
    let labs = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(labs.into_iter().find(|lab| lab["name"] == name))
}

fn nothing_is_left(name: &str) -> Result<(), Failed> {
    for place in ["/run/netns/l2tpspec-", "/run/l2tpspec/"] {
        for end in ["", ".json", ".sock", ".log"] {
            let path = format!("{place}{name}{end}");
            if Path::new(&path).exists() {
                return Err(format!("{path} is left").into());
            }
        }
    }
    Ok(())
}

/// The reference dials real strongSwan, xl2tpd and pppd by real sockets, a TUN device and a kernel's own ping.
pub(super) fn dialled() -> Result<(), Failed> {
    let name = format!("dialled-{}", std::process::id());
    lab(&["up", "strongswan-xl2tpd", "--as", &name])?;
    let done = dial(&name);
    lab(&["down", &name])?;
    nothing_is_left(&name)?;
    let text = done?;
    let has = |word: &str| text.lines().any(|line| line.contains(word) && line.contains("frame"));
    if ["phase2-up", "authenticated", "data-both-ways", "ended"].into_iter().all(has) {
        Ok(())
    } else {
        Err(text.into())
    }
}

fn dial(name: &str) -> Result<String, Failed> {
    let lab = status(name)?.ok_or("it does not stand")?;
    let word = |key: &str| lab[key].as_str().map(str::to_owned).ok_or_else(|| format!("no {key}: {lab}"));
    let (namespace, guest) = (word("namespace")?, word("guest")?);
    let inside = |words: &[&str]| {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &namespace]).args(words);
        command
    };
    let scenarios = super::root().display().to_string();
    let dial = [AGENT, "connect", &guest, "--profile", "edgeos", "--scenarios", &scenarios, "--length", "20"];
    let connected = std::thread::spawn({
        let mut command = inside(&dial);
        move || run(&mut command)
    });
    // A datagram to the peer's end of the link; the echo comes from the kernel of the guest.
    let script = "until ip -4 -o addr show dev l2tpspec0 2>/dev/null | grep -q peer; do sleep 0.2; done; \
                  peer=$(ip -4 -o addr show dev l2tpspec0 | sed 's/.*peer \\([0-9.]*\\).*/\\1/'); \
                  exec bash -c \"for n in 1 2 3; do echo hello >/dev/udp/$peer/9; sleep 0.3; done\"";
    let (said, _) = run(&mut inside(&["timeout", "18", "sh", "-c", script]))?;
    let (text, output) = connected.join().map_err(|_| "connect has panicked")??;
    if output.status.success() { Ok(text) } else { Err(format!("connect: {text}\nand: {said}").into()) }
}

/// What a holder that is killed leaves is removed by the next one who looks.
pub(super) fn killed() -> Result<(), Failed> {
    let name = format!("killed-{}", std::process::id());
    lab(&["up", "xl2tpd", "--as", &name])?;
    let lab = status(&name)?.ok_or("it does not stand")?;
    run(Command::new("kill").args(["-9", &lab["pid"].to_string()]))?;
    // A process that is killed is there for a moment more.
    for _ in 0..100 {
        if status(&name)?.is_none() {
            return nothing_is_left(&name);
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Err("it stands without a holder".into())
}
