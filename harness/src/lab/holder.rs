//! The process that holds a lab that stands: carries packets between the guest and its namespace, and does in the guest what is
//! asked for, until it is asked to end.

use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::net::Ipv4Addr;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tun_rs::{DeviceBuilder, SyncDevice};

use super::agent::Answer;
use super::standing::{Ask, Standing, file, namespace, socket};
use super::{LabError, Subject, SubjectFile, output};
use crate::scenario::abroad::{Abroad as _, Setting};

/// The name of the device in the namespace.
const DEVICE: &str = "wan";
/// How long a line that somebody asks for may take to come.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often what was begun in the guest is looked after.
const GLANCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// Something that is asked for, and where the answer goes.
type Asked = (Ask, UnixStream);

/// Boots a subject in the namespace that this process is in, says once that it stands, and goes on until it is asked to end.
///
/// # Errors
/// What is missing or does not come up.
pub fn hold(name: &str, subject: SubjectFile, setting: &Setting, own: &Path) -> Result<(), LabError> {
    let outside = if setting.is_client { setting.supernode } else { neighbour(setting.own) };
    let device = device(outside)?;
    let is_client = setting.is_client;
    let (subject_name, in_clear) = (subject.name.clone(), subject.in_clear);
    let mut subject = Subject::boot(subject, own)?;
    let unready = |said: String| LabError::Program { program: subject_name.clone(), said };
    subject.prepare(setting).map_err(unready)?;
    let path = socket(name);
    let listener = UnixListener::bind(&path).map_err(LabError::io(path.display().to_string()))?;
    let standing = Standing {
        name: name.to_owned(),
        subject: subject_name,
        is_client,
        in_clear,
        namespace: namespace(name),
        pid: i32::try_from(std::process::id()).unwrap_or_default(),
        guest: setting.own,
        outside,
        versions: subject.versions(),
    };
    let line = serde_json::to_string(&standing).map_err(|error| LabError::io("its file")(error.into()))?;
    // Whoever looks at it sees all of it.
    let (path, half) = (file(name), file(name).with_extension("part"));
    let written = fs::write(&half, &line).and_then(|()| fs::rename(&half, &path));
    written.map_err(LabError::io(path.display().to_string()))?;
    println!("{line}");
    let (wake, woken) = UnixStream::pair().map_err(LabError::io("a socket pair"))?;
    woken.set_nonblocking(true).map_err(LabError::io("a socket pair"))?;
    let (sender, asked) = channel();
    std::thread::spawn(move || listen(&listener, &sender, wake));
    carry(&mut subject, setting, &device, &asked, &woken)
}

/// Another address of the network of one, which the guest's neighbour has.
fn neighbour(address: Ipv4Addr) -> Ipv4Addr {
    Ipv4Addr::from_bits(address.to_bits() ^ 3)
}

/// A device with an address, through which everything is reached.
fn device(address: Ipv4Addr) -> Result<SyncDevice, LabError> {
    let failed = || LabError::io(format!("the device {DEVICE}"));
    let device = DeviceBuilder::new().name(DEVICE).mtu(1500).build_sync().map_err(failed())?;
    device.set_nonblocking(true).map_err(failed())?;
    for words in [
        &["link", "set", "lo", "up"][..],
        &["addr", "add", &format!("{address}/32"), "dev", DEVICE],
        &["link", "set", DEVICE, "up"],
        &["route", "add", "default", "dev", DEVICE],
    ] {
        output(Command::new("ip").args(words), "iproute2")?;
    }
    Ok(device)
}

/// Takes what is asked for, one after another.
fn listen(listener: &UnixListener, sender: &Sender<Asked>, mut wake: UnixStream) {
    for stream in listener.incoming().filter_map(Result::ok) {
        let mut line = String::new();
        let read = stream
            .set_read_timeout(Some(PATIENCE))
            .and_then(|()| stream.try_clone())
            .and_then(|stream| BufReader::new(stream).read_line(&mut line));
        let Some(ask) = read.ok().and_then(|_| serde_json::from_str(&line).ok()) else { continue };
        if sender.send((ask, stream)).is_err() || wake.write_all(b"!").is_err() {
            return;
        }
    }
}

/// Tells what has come of something. Who has gone meanwhile does not want to know.
fn tell(stream: &mut UnixStream, answer: &Answer) {
    if let Ok(mut line) = serde_json::to_vec(answer) {
        line.push(b'\n');
        let _ = stream.write_all(&line);
    }
}

/// Carries packets both ways and does what is asked for.
fn carry(
    subject: &mut Subject,
    setting: &Setting,
    device: &SyncDevice,
    asked: &Receiver<Asked>,
    mut woken: &UnixStream,
) -> Result<(), LabError> {
    use std::io::Read as _;

    let gone = |said: String| LabError::Program { program: "the guest".to_owned(), said };
    let mut packet = vec![0; 65_536];
    let mut waiting: Option<UnixStream> = None;
    loop {
        loop {
            match device.recv(&mut packet) {
                Ok(count) if packet[0] >> 4 == 4 => subject.send(&packet[..count]),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(LabError::io(format!("the device {DEVICE}"))(error)),
            }
        }
        while let Some(datagram) = subject.receive() {
            // What the host does not take is lost like any other packet.
            let _ = device.send(datagram);
        }
        let _ = woken.read(&mut [0; 64]);
        if let Some(stream) = &mut waiting
            && let Some(answer) = subject.guest().ended()?
        {
            tell(stream, &answer);
            waiting = None;
        }
        if waiting.is_none() {
            match asked.try_recv() {
                Ok((Ask::End, mut stream)) => {
                    tell(&mut stream, &Answer { status: Some(0), said: String::new() });
                    return Ok(());
                }
                Ok((Ask::Run(script), stream)) => {
                    subject.shell(&script).map_err(gone)?;
                    waiting = Some(stream);
                }
                Ok((Ask::Do(action), mut stream)) => {
                    if subject.begin(&action, setting).map_err(gone)? {
                        waiting = Some(stream);
                    } else {
                        let known: Vec<&str> = subject.file().scripts.keys().map(String::as_str).collect();
                        let said = format!("its file has no `{action}`, but {}", known.join(", "));
                        tell(&mut stream, &Answer { status: None, said });
                    }
                }
                Err(_) => {}
            }
        }
        let card = subject.readiness();
        let mut sockets = vec![PollFd::new(&woken, PollFlags::IN), PollFd::new(device, PollFlags::IN)];
        sockets.extend(card.iter().map(|card| PollFd::new(card, PollFlags::IN)));
        // A wait that is cut short is one that is begun again.
        let _ = poll(&mut sockets, waiting.is_some().then_some(&GLANCE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_has_another_address_of_the_same_network() {
        assert_eq!(neighbour(Ipv4Addr::new(192, 0, 2, 1)), Ipv4Addr::new(192, 0, 2, 2));
        assert_eq!(neighbour(Ipv4Addr::new(192, 0, 2, 2)), Ipv4Addr::new(192, 0, 2, 1));
    }
}
