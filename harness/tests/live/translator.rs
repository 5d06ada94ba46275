//! A translator of addresses and ports for one client: what comes to a port on the inside leaves from another address and port
//! on the outside, and back. Its inside bears the supernode's address, as if it had been routed there.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use libtest_mimic::Failed;

use crate::namespace::Namespace;

/// How often it looks whether it is to end.
const GLANCE: Duration = Duration::from_millis(50);

/// A translator at work.
#[derive(Debug)]
pub(super) struct Translator {
    is_over: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
}

impl Translator {
    /// Translates IKE's ports to a supernode, between two namespaces.
    pub(super) fn start(
        inside: &Namespace,
        outside: (&Namespace, Ipv4Addr),
        supernode: Ipv4Addr,
    ) -> Result<Self, Failed> {
        let mut translator = Self { is_over: Arc::new(AtomicBool::new(false)), workers: Vec::new() };
        for port in [500, 4500] {
            let within = inside.within(|| UdpSocket::bind((supernode, port)));
            let without = outside.0.within(|| {
                let socket = UdpSocket::bind((outside.1, 0))?;
                socket.connect((supernode, port))?;
                Ok(socket)
            });
            let text = |error: std::io::Error| format!("translator, port {port}: {error}");
            translator.carry(within.map_err(text)?, without.map_err(text)?)?;
        }
        Ok(translator)
    }

    fn carry(&mut self, within: UdpSocket, without: UdpSocket) -> Result<(), Failed> {
        for socket in [&within, &without] {
            socket.set_read_timeout(Some(GLANCE)).map_err(|error| error.to_string())?;
        }
        let client = Arc::new(std::sync::Mutex::new(None::<SocketAddr>));
        let (within, without) = (Arc::new(within), Arc::new(without));
        let (is_over, known, from, to) =
            (self.is_over.clone(), client.clone(), within.clone(), without.clone());
        self.workers.push(std::thread::spawn(move || {
            let mut buffer = [0; 65_535];
            while !is_over.load(Ordering::Relaxed) {
                let Ok((length, peer)) = from.recv_from(&mut buffer) else { continue };
                *known.lock().expect("nobody panics") = Some(peer);
                let _lost = to.send(&buffer[..length]);
            }
        }));
        let is_over = self.is_over.clone();
        self.workers.push(std::thread::spawn(move || {
            let mut buffer = [0; 65_535];
            while !is_over.load(Ordering::Relaxed) {
                let Ok(length) = without.recv(&mut buffer) else { continue };
                if let Some(peer) = *client.lock().expect("nobody panics") {
                    let _lost = within.send_to(&buffer[..length], peer);
                }
            }
        }));
        Ok(())
    }
}

impl Drop for Translator {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for worker in self.workers.drain(..) {
            let _ended = worker.join();
        }
    }
}
