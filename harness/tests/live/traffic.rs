//! Who uses a tunnel: pings and TCP, between namespaces.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use l2tpspec::world::icmp::{self, Message};
use l2tpspec::world::ip;
use l2tpspec_protocol::packet::Packet;
use libtest_mimic::Failed;
use socket2::{Domain, Protocol, Socket, Type};

use crate::namespace::Namespace;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends one Echo-Request in a datagram of that many octets, and waits for the reply with the same data.
pub(super) fn ping(from: &Namespace, to: Ipv4Addr, octets: usize) -> Result<(), Failed> {
    let said = |error: std::io::Error| format!("ping of {to} with {octets} octets: {error}");
    let data: Vec<u8> = (0..=u8::MAX).cycle().take(octets - 28).collect();
    let answered = from.within(|| -> std::io::Result<bool> {
        let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut echo = Packet::new(&data);
        icmp::wrap_echo(&mut echo, false, 77, 1);
        socket.send_to(echo.octets(), &SocketAddr::new(to.into(), 0).into())?;
        let until = Instant::now() + PATIENCE;
        let mut buffer = vec![0; 65_535];
        while Instant::now() < until {
            let length = (&socket).read(&mut buffer)?;
            let Some(header) = ip::peek(&buffer[..length]) else { continue };
            let reply = Message::Echo { is_reply: true, identifier: 77, sequence: 1, data: &data };
            if header.source == to.octets()
                && icmp::open(ip::payload(&header, &buffer[..length])) == Some(reply)
            {
                return Ok(true);
            }
        }
        Ok(false)
    });
    if answered.map_err(said)? { Ok(()) } else { Err(said(ErrorKind::TimedOut.into()).into()) }
}

/// Sends octets over TCP from one namespace to an address of another, which sees that all come, in order.
pub(super) fn transfer(from: &Namespace, to: (&Namespace, Ipv4Addr), octets: usize) -> Result<(), Failed> {
    let text = |error: std::io::Error| format!("TCP to {}: {error}", to.1);
    let (sender, receiver) = channel();
    let value = |at: usize| u8::try_from(at % 251).unwrap_or(0);
    std::thread::scope(|scope| {
        let taking = scope.spawn(|| {
            to.0.within(move || -> std::io::Result<usize> {
                let listener = TcpListener::bind((to.1, 0))?;
                let _heard = sender.send(listener.local_addr()?);
                let (mut stream, _) = listener.accept()?;
                stream.set_read_timeout(Some(PATIENCE))?;
                let (mut buffer, mut taken) = (vec![0; 65_536], 0);
                loop {
                    let length = stream.read(&mut buffer)?;
                    if length == 0 {
                        return Ok(taken);
                    }
                    let is_right = |(at, octet): (usize, &u8)| *octet == value(taken + at);
                    if !buffer[..length].iter().enumerate().all(is_right) {
                        return Err(std::io::Error::other("other octets than were sent"));
                    }
                    taken += length;
                }
            })
        });
        let address = receiver.recv_timeout(PATIENCE).map_err(|error| format!("nobody listens: {error}"))?;
        let sent = from.within(move || -> std::io::Result<()> {
            let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
            stream.set_write_timeout(Some(PATIENCE))?;
            let all: Vec<u8> = (0..octets).map(value).collect();
            stream.write_all(&all)
        });
        if let Err(error) = sent {
            // Whoever waits to be called is called, so that all end.
            let _woken = to.0.within(move || TcpStream::connect(address));
            return Err(text(error).into());
        }
        let taken = taking.join().map_err(|_| "the taker panicked")?.map_err(text)?;
        if taken == octets { Ok(()) } else { Err(format!("{taken} of {octets} octets came").into()) }
    })
}
