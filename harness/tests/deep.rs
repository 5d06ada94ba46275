//! Frames that nest as deeply as their octets allow end with a word, not with the stack.

use l2tpspec::capture::keys::Keys;
use l2tpspec::capture::{CaptureFile, Options};
use l2tpspec::transcript::pipeline;

/// The error of the only frame, dissected on a stack no larger than that of a worker.
fn fault(link_type: u32, frame: &[u8]) -> Option<String> {
    let length = u32::try_from(frame.len()).expect("short").to_le_bytes();
    let mut capture = [0xa1b2_c3d4_u32.to_le_bytes().to_vec(), vec![2, 0, 4, 0], vec![0; 8]].concat();
    capture.extend([0x0004_0000_u32, link_type].map(u32::to_le_bytes).concat());
    capture.extend([&[0; 8][..], &length, &length, frame].concat());
    let dissect = move || {
        let octets = Box::new(std::io::Cursor::new(capture));
        let mut file = CaptureFile::read("deep.pcap", octets, &Options::default()).expect("a capture");
        let mut fault = None;
        let read = pipeline::run(
            &mut file,
            &Keys::default(),
            l2tpspec::transcript::Options::default(),
            |entry, _| {
                fault = entry.fault.map(|fault| fault.to_string());
                true
            },
        );
        read.expect("the capture is whole");
        fault
    };
    let worker = std::thread::Builder::new().stack_size(512 * 1024).spawn(dissect).expect("a thread");
    worker.join().expect("no panic and no overflow")
}

/// An IPv4 header for this many octets, as many as it can state.
fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).expect("short").to_be_bytes();
    let header = [0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    [&header[..], payload].concat()
}

const RAW: u32 = 101;
const PPP: u32 = 9;

#[test]
fn authentication_headers_in_a_row_are_passed() {
    let chain = [51, 0, 0, 0, 0, 0, 0, 0].repeat(8000);
    assert_eq!(fault(RAW, &ipv4(51, &chain)), None);
}

#[test]
fn datagrams_in_datagrams_are_followed_up_to_a_limit() {
    let inner = (0..3000).fold(Vec::new(), |inner, _| ipv4(4, &inner));
    let fault = fault(RAW, &inner).expect("nested too deeply");
    assert!(fault.contains("nested too deeply"), "{fault}");
}

#[test]
fn rejections_of_rejections_are_followed_up_to_a_limit() {
    let reject = |inner: Vec<u8>| {
        let length = u16::try_from(6 + inner.len()).expect("short").to_be_bytes();
        [&[8, 1, length[0], length[1], 0xc0, 0x21][..], &inner].concat()
    };
    let packet = (0..5000).fold(Vec::new(), |inner, _| reject(inner));
    let fault = fault(PPP, &[&[0xff, 3, 0xc0, 0x21][..], &packet].concat()).expect("nested too deeply");
    assert!(fault.contains("nested too deeply"), "{fault}");
}
