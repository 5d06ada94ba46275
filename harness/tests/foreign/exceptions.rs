//! Where tshark 4.0.17 and we differ, and why tshark is wrong or says less.

/// A field in which the two differ.
pub(crate) struct Exception {
    /// tshark's name of the field, of which a `*` stands for the rest, or `frame.protocols`.
    pub(crate) field: &'static str,
    /// A part of the capture's name; empty for every capture.
    pub(crate) capture: &'static str,
    /// The frames; empty for every frame.
    pub(crate) frames: &'static [u64],
    /// Why.
    pub(crate) why: &'static str,
}

/// Every exception.
pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        field: "isakmp.*",
        capture: "ISAKMP_sa_setup",
        frames: &[3, 4],
        why: "NAT-D travels as payload 15 here (draft-ietf-ipsec-nat-t-ike-04); tshark takes 15 for a SA KEK of GDOI \
              and calls the message malformed. The four digests are those of the addresses and ports",
    },
    Exception {
        field: "isakmp.*",
        capture: "ikev1-certs",
        frames: &[8],
        why: "tshark decrypts this Quick Mode message with a wrong initialisation vector and calls it malformed; ours \
              ends where it has to and the next messages decrypt",
    },
    Exception {
        field: "isakmp.*",
        capture: "ikev1-payload-bad-length",
        frames: &[],
        why: "the payload of length 3 is refused as a whole; tshark shows its type and length and reads on behind it",
    },
    Exception {
        field: "isakmp.*",
        capture: "oobr",
        frames: &[],
        why: "a fuzzed header whose Length is not that of the datagram; tshark stops at it, we read what is there",
    },
    Exception {
        field: "isakmp.*",
        capture: "isakmp-delete-segfault",
        frames: &[],
        why: "the header says version 11; tshark shows it in part, we show all of it and leave the rest alone",
    },
    Exception {
        field: "l2tp.*",
        capture: "l2tp-avp-overflow",
        frames: &[],
        why: "Length is 514 in datagrams of about 20 octets: the message is refused; tshark shows fields of it",
    },
    Exception {
        field: "dns.*",
        capture: "dns_fwdptr",
        frames: &[],
        why: "names whose pointers lead forward are refused (RFC 1035 section 4.1.4); tshark prints a placeholder",
    },
    Exception {
        field: "ip.*",
        capture: "l2tp-pc-pap",
        frames: &[],
        why: "the datagrams that ICMP quotes state a Total Length of 16; tshark stops at it, we show the whole header",
    },
    Exception {
        field: "ip.*",
        capture: "ipv4_invalid_length",
        frames: &[],
        why: "the header states more octets than are there and is refused as a whole; tshark shows its beginning",
    },
    Exception {
        field: "udp.*",
        capture: "udp-length-heapoverflow",
        frames: &[],
        why: "fewer than the eight octets of a header are there: refused as a whole; tshark shows the two ports",
    },
    Exception {
        field: "ip.len",
        capture: "icmp-length-zero",
        frames: &[],
        why: "Total Length is 0 on the wire, as segmentation offload leaves it; tshark shows the size of the frame",
    },
    Exception {
        field: "ppp.code",
        capture: "nb6-startup",
        frames: &[303],
        why: "the Protocol-Reject quotes a packet of 24 octets by its first 22; tshark shows its code all the same",
    },
    Exception {
        field: "chap.message",
        capture: "ppp-dialup-munged",
        frames: &[11],
        why: "the message is one NUL; tshark ends text at it",
    },
];

/// Whether a difference is a known one.
pub(crate) fn is_known(field: &str, capture: &str, frame: u64) -> bool {
    EXCEPTIONS.iter().any(|exception| {
        let is_field = match exception.field.strip_suffix('*') {
            Some(prefix) => field.starts_with(prefix),
            None => exception.field == field,
        };
        is_field
            && capture.contains(exception.capture)
            && (exception.frames.is_empty() || exception.frames.contains(&frame))
            && !exception.why.is_empty()
    })
}
