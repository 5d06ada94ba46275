//! Files of keys of every kind.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use l2tpspec::capture::keys::{
    AddressMatch, EspEncryption, EspIntegrity, EspSaEntry, Family, KeyError, Keys,
};

use super::support::{fixture, scratch};

fn read(name: &str, text: &str) -> Keys {
    let mut keys = Keys::default();
    keys.read(Path::new(name), text.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    keys
}

fn refusal(name: &str, text: &str) -> String {
    let error = Keys::default().read(Path::new(name), text.as_bytes()).unwrap_err();
    assert!(matches!(error, KeyError::Syntax { .. }));
    error.to_string()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// SPI, encryption and integrity key.
fn shown(entries: &[EspSaEntry]) -> Vec<(u32, String, String)> {
    let row = |entry: &EspSaEntry| {
        (entry.spi.unwrap(), hex(entry.encryption_key.expose()), hex(entry.integrity_key.expose()))
    };
    entries.iter().map(row).collect()
}

#[test]
fn reads_every_recorded_directory() {
    for (name, esp, ikev1) in [
        ("child-rekey", 4, 1),
        ("no-proposal-chosen", 0, 0),
        ("ospf-mtu-mismatch", 2, 1),
        ("strongswan-xl2tpd-direct", 2, 1),
        ("strongswan-xl2tpd-nat", 2, 1),
        ("wrong-ppp-password", 2, 1),
        ("wrong-psk", 0, 0),
    ] {
        let keys =
            Keys::load(fixture(&format!("keys/{name}.keys"))).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((keys.esp.len(), keys.ikev1.len()), (esp, ikev1), "{name}");
        assert_eq!((keys.read.len(), keys.ignored.len(), keys.left_out.len()), (2, 0, 0), "{name}");
        for entry in &keys.esp {
            assert_eq!(
                (entry.encryption, entry.integrity),
                (EspEncryption::AesCbc, EspIntegrity::HmacSha1_96)
            );
            assert_eq!((entry.encryption_key.len(), entry.integrity_key.len()), (32, 20));
        }
    }
}

#[test]
fn reads_one_file() {
    let keys = Keys::load(fixture("keys/child-rekey.keys/esp_sa")).unwrap();
    assert_eq!((keys.esp.len(), keys.ikev1.len()), (4, 0));
    let first = &keys.esp[0];
    assert_eq!(
        (first.spi, first.family, first.source),
        (Some(0xcb08_f262), Some(Family::Ipv4), AddressMatch::Any)
    );
    assert!(first.origin.to_string().ends_with("esp_sa:1"), "{}", first.origin);
    let keys = Keys::load(fixture("keys/child-rekey.keys/ikev1_decryption_table")).unwrap();
    let key = &keys.ikev1[0];
    assert_eq!(key.initiator_cookie, Some(0x342c_e3c0_dfb0_b533_u64.to_be_bytes()));
    assert_eq!(hex(key.key.expose()), "a2c45879f296d8393f64615168305e080e682b3dd0ddad2eaf23500052721366");
}

#[test]
fn a_directory_is_read_whatever_else_is_in_it() {
    let folder = scratch("mixed.keys");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("below")).unwrap();
    fs::write(folder.join("README"), "nothing secret\n").unwrap();
    fs::write(folder.join("capture.pcap"), [0xd4, 0xc3, 0xb2, 0xa1, 0, 0]).unwrap();
    fs::write(folder.join("ikev2_decryption_table"), "00,11\n").unwrap();
    fs::write(folder.join("empty"), "").unwrap();
    fs::write(folder.join("vpn.esp_sa"), "# no SA\n\n").unwrap();
    fs::write(folder.join("ike_secrets"), "* psk \"text\"\n").unwrap();
    let keys = Keys::load(&folder).unwrap();
    let name = |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    let ignored: Vec<String> = keys.ignored.iter().map(name).collect();
    assert_eq!(ignored, ["README", "capture.pcap", "empty", "ikev2_decryption_table"]);
    let read: Vec<String> = keys.read.iter().map(name).collect();
    assert_eq!(read, ["ike_secrets", "vpn.esp_sa"]);

    let one = Keys::load(folder.join("README")).unwrap_err().to_string();
    assert!(one.contains("README: is no file of keys\nhint: known are `esp_sa`"), "{one}");
    let missing = Keys::load(folder.join("nowhere")).unwrap_err().to_string();
    assert!(
        missing.contains("nowhere: cannot be read: ") && missing.contains("hint: check the name"),
        "{missing}"
    );
}

/// Lines of the table that Wireshark's sample `ipsec_esp_capture_1` comes with.
#[test]
fn reads_keys_that_are_text_and_spis_that_are_decimal() {
    let keys = read(
        "esp_sa",
        concat!(
            "###\n#  IPv6\n###\n\n",
            r#""IPv6","3ffe::1","3ffe::2","10","AES-CBC [RFC3602]","aescbcencryption","HMAC-SHA-1-96 [RFC2404]","hmacsha1authenticati""#,
            "\n",
            r#""IPv4","190.0.0.1","190.0.0.13","111","TripleDES-CBC [RFC2451]","3descbcencryptiontesting","HMAC-MD5-96 [RFC2403]","hmacmd5authentic""#,
            "\r\n",
            r#""IPv4","190.0.0.1","190.0.0.24","122","DES-CBC [RFC2405]","descbcte","NULL","""#,
        ),
    );
    let [first, second, third] = keys.esp.as_slice() else { panic!("{}", keys.esp.len()) };
    assert_eq!((first.spi, first.encryption_key.expose()), (Some(10), &b"aescbcencryption"[..]));
    assert!(first.matches(ip("3ffe::1"), ip("3ffe::2"), 10));
    assert!(!first.matches(ip("3ffe::1"), ip("3ffe::3"), 10));
    assert!(!first.matches(ip("190.0.0.1"), ip("190.0.0.13"), 10));
    assert_eq!(
        (second.encryption, second.integrity),
        (EspEncryption::TripleDesCbc, EspIntegrity::HmacMd5_96)
    );
    assert_eq!((third.encryption, third.integrity), (EspEncryption::DesCbc, EspIntegrity::Null));
    assert!(third.integrity_key.is_empty());
    assert_eq!(third.origin.line, 7);
}

/// Names of algorithms from the table of Wireshark's `ikev2-esp-natt` and from charon's save-keys plugin, which spells
/// one of them in its own way.
#[test]
fn reads_every_name_of_an_algorithm() {
    use EspEncryption as E;
    use EspIntegrity as I;
    for (encryption, integrity, expected, icv) in [
        ("AES-GCM with 16 octet ICV [RFC4106]", "NULL", (E::AesGcm { icv: Some(16) }, I::Null), 0),
        (
            "AES-GCM [RFC4106]",
            "ANY 128 bit authentication [no checking]",
            (E::AesGcm { icv: None }, I::Any { icv: 16 }),
            16,
        ),
        ("AES-CTR [RFC3686]", "HMAC-SHA-256-128 [RFC4868]", (E::AesCtr, I::HmacSha256_128), 16),
        (
            "TripleDes-CBC [RFC2451]",
            "HMAC-SHA-256-96 [draft-ietf-ipsec-ciph-sha-256-00]",
            (E::TripleDesCbc, I::HmacSha256_96),
            12,
        ),
        ("NULL", "HMAC-SHA-384-192 [RFC4868]", (E::Null, I::HmacSha384_192), 24),
        ("AES-CBC [RFC3602]", "HMAC-SHA-512-256 [RFC4868]", (E::AesCbc, I::HmacSha512_256), 32),
        ("AES-CBC [RFC3602]", "ANY 96 bit authentication [no checking]", (E::AesCbc, I::Any { icv: 12 }), 12),
    ] {
        let keys = read(
            "esp_sa",
            &format!("\"IPv4\",\"*\",\"*\",\"*\",\"{encryption}\",\"0x00\",\"{integrity}\",\"0x\""),
        );
        let entry = &keys.esp[0];
        assert_eq!((entry.encryption, entry.integrity), expected);
        assert_eq!(entry.integrity.icv_length(), icv);
        assert_eq!(entry.spi, None);
    }
}

#[test]
fn reads_addresses_with_wildcards_and_prefixes() {
    let entry = |family: &str, address: &str| {
        let line = format!("\"{family}\",\"{address}\",\"*\",\"0x********\",\"NULL\",\"\",\"NULL\",\"\"");
        read("esp_sa", &line).esp.remove(0).source
    };
    assert!(entry("IPv4", "190.*.*.1").matches(ip("190.7.8.1")));
    assert!(!entry("IPv4", "190.*.*.1").matches(ip("190.7.8.2")));
    assert!(entry("IPv4", "10.64.0.0/10").matches(ip("10.127.1.1")));
    assert!(!entry("IPv4", "10.64.0.0/10").matches(ip("10.128.1.1")));
    assert!(entry("IPv4", "10.0.0.0/0").matches(ip("192.0.2.1")));
    assert!(entry("IPv6", "2001:db8::/32").matches(ip("2001:db8:1::1")));
    assert!(!entry("IPv6", "2001:db8::/32").matches(ip("2001:db9::1")));
    assert!(entry("IPv6", "3ffe:*::1").matches(ip("3ffe:5::1")));
    assert!(entry("IPv6", "3ffe::*").matches(ip("3ffe::77")));
    assert!(!entry("IPv6", "3ffe::*").matches(ip("3ffe::1:77")));
}

#[test]
fn reads_the_length_of_sequence_numbers() {
    let line = "\"IPv4\",\"*\",\"*\",\"0x1\",\"NULL\",\"\",\"NULL\",\"\"";
    let told = |more: &str| read("esp_sa", &format!("{line}{more}")).esp[0].extended_sequence_numbers;
    assert_eq!(told(""), None);
    assert_eq!(told(",\"32-bit\""), Some(false));
    assert_eq!(told(",\"64-bit\",\"0x1\" # extended"), Some(true));
}

#[test]
fn refuses_a_line_with_its_place_and_without_its_secret() {
    let secret = "0x0123456789abcdef0123456789abcdef";
    let line = |spi: &str, name: &str, key: &str| {
        format!("# comment\n\"IPv4\",\"*\",\"*\",\"{spi}\",\"{name}\",\"{key}\",\"NULL\",\"\"")
    };
    let cbc = "AES-CBC [RFC3602]";
    for (text, start) in [
        (line("0xg", cbc, secret), "esp_sa:2:16: not an SPI\nhint: write 0x and up to 8"),
        (line("0x100000000", cbc, secret), "esp_sa:2:16: not an SPI\n"),
        (
            line("0x12", secret, cbc),
            "esp_sa:2:23: an algorithm without a meaning here\nhint: known are NULL, TripleDES",
        ),
        (line("0x12", cbc, "0x123"), "esp_sa:2:43: a key with an odd number of hexadecimal digits\n"),
        (line("0x12", cbc, "0xzz"), "esp_sa:2:43: a key with something other than hexadecimal digits\n"),
        (format!("\"IPv5\",{secret}"), "esp_sa:1:42: 2 fields, where 8 to 10 are needed\n"),
        (format!("\"IPv4\" {secret}"), "esp_sa:1:8: a comma is missing after a field\n"),
        (format!("\"IPv4\",\"{secret}"), "esp_sa:1:8: the closing quotation mark is missing\n"),
        (
            line("0x12", cbc, secret).replacen("\"*\"", "\"::1\"", 1),
            "esp_sa:2:8: not an address of the line's family\n",
        ),
    ] {
        let message = refusal("esp_sa", &text);
        assert!(message.starts_with(start), "{message}");
        assert!(!message.contains("0123456789abcdef"), "{message}");
    }
    let message = refusal("ikev1_decryption_table", "d9baba7383fa75b9\n");
    assert!(
        message.starts_with("ikev1_decryption_table:1:17: 1 fields, where 2 are needed\nhint: write <"),
        "{message}"
    );
    let message = refusal("ikev1_decryption_table", "d9baba73,00\n");
    assert!(
        message.starts_with("ikev1_decryption_table:1:1: a cookie with another number of octets than 8\n"),
        "{message}"
    );
}

#[test]
fn debug_shows_no_key() {
    let keys = Keys::load(fixture("keys/child-rekey.keys")).unwrap();
    let text = format!("{keys:?}");
    assert!(text.contains("SecretOctets(32 octets)"), "{text}");
    // The octets in decimal, as a list would show them, and in hexadecimal.
    assert!(!text.contains("59, 205") && !text.contains("3bcd63"), "{text}");
}

/// The shape of the output of iproute2 6.1 with keys of our own; the second SA with `-d`.
const XFRM: &str = "\
src 192.0.2.1 dst 192.0.2.2
\tproto esp spi 0xc445fb73 reqid 1 mode transport
\treplay-window 32 flag esn
\tauth-trunc hmac(sha1) 0x000102030405060708090a0b0c0d0e0f10111213 96
\tenc cbc(aes) 0x202122232425262728292a2b2c2d2e2f
\tencap type espinudp sport 4500 dport 1027 addr 0.0.0.0
\tanti-replay context: seq 0x0, oseq 0x0, bitmap 0x00000000
\tsel src 192.0.2.1/32 dst 192.0.2.2/32 proto udp sport 1701
src 2001:db8::1 dst 2001:db8::2
\tproto esp spi 0x00000100(256) reqid 1(0x00000001) mode tunnel
\taead rfc4106(gcm(aes)) 0x30313233343536373839303132333435aabbccdd 128
src 192.0.2.1 dst 192.0.2.2
\tproto esp spi 0x00000101 reqid 1 mode transport
\tauth hmac(md5) 0x000102030405060708090a0b0c0d0e0f
\tenc ecb(cipher_null)
src 192.0.2.1 dst 192.0.2.2
\tproto esp spi 0x00000102 reqid 1 mode transport
\taead rfc4309(ccm(aes)) 0x3031 64
src 192.0.2.1 dst 192.0.2.2
\tproto esp spi 0x00000103 reqid 1 mode transport
\tauth-trunc hmac(sha1) <<Keys hidden>> 96
\tenc cbc(aes) <<Keys hidden>>
src 192.0.2.1 dst 192.0.2.2
\tproto comp spi 0x00000104 reqid 1 mode tunnel
\tcomp deflate
src 192.0.2.1 dst 192.0.2.2
\tproto esp spi 0x00000105 reqid 0 mode transport
";

#[test]
fn reads_what_ip_xfrm_monitor_tells_of_sas() {
    let text = "Deleted src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x00000105 reqid 0 mode transport\n\
        \tenc cbc(aes) 0x202122232425262728292a2b2c2d2e2f\n\
        src 192.0.2.2 dst 192.0.2.1\n\tproto esp spi 0x00000106 reqid 0 mode transport\n\
        \tenc cbc(aes) 0x303132333435363738393a3b3c3d3e3f\n\
        Updated src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x00000107 reqid 0 mode transport\n\
        \tenc cbc(aes) 0x404142434445464748494a4b4c4d4e4f\n";
    let keys = read("state-monitor.txt", text);
    let each = [
        (0x105, "202122232425262728292a2b2c2d2e2f".to_owned(), String::new()),
        (0x106, "303132333435363738393a3b3c3d3e3f".to_owned(), String::new()),
        (0x107, "404142434445464748494a4b4c4d4e4f".to_owned(), String::new()),
    ];
    assert_eq!(shown(&keys.esp), each);
    assert!(keys.left_out.is_empty());
}

#[test]
fn reads_the_output_of_ip_xfrm_state() {
    let keys = read("xfrm-supernode.txt", XFRM);
    let [udp, gcm, null] = keys.esp.as_slice() else { panic!("{}", keys.esp.len()) };
    assert_eq!(
        shown(std::slice::from_ref(udp)),
        [(
            0xc445_fb73,
            "202122232425262728292a2b2c2d2e2f".to_owned(),
            "000102030405060708090a0b0c0d0e0f10111213".to_owned(),
        )]
    );
    assert_eq!((udp.encryption, udp.integrity), (EspEncryption::AesCbc, EspIntegrity::HmacSha1_96));
    assert_eq!((udp.encapsulation, udp.extended_sequence_numbers), (Some((4500, 1027)), Some(true)));
    assert!(udp.matches(ip("192.0.2.1"), ip("192.0.2.2"), 0xc445_fb73));
    assert!(!udp.matches(ip("192.0.2.2"), ip("192.0.2.1"), 0xc445_fb73));
    assert_eq!(
        (gcm.spi, gcm.encryption, gcm.family),
        (Some(256), EspEncryption::AesGcm { icv: Some(16) }, Some(Family::Ipv6))
    );
    assert_eq!((gcm.encryption_key.len(), gcm.integrity, gcm.encapsulation), (20, EspIntegrity::Null, None));
    assert_eq!((null.encryption, null.integrity), (EspEncryption::Null, EspIntegrity::HmacMd5_96));
    let left_out: Vec<(u32, &str)> =
        keys.left_out.iter().map(|left| (left.origin.line, left.why.as_str())).collect();
    assert_eq!(
        left_out,
        [
            (16, "combined algorithm rfc4309(ccm(aes)) is not supported"),
            (19, "the keys are hidden; run `ip xfrm state` without `nokeys`, as root"),
            (26, "an SA without an encryption algorithm"),
        ]
    );
    let message =
        refusal("xfrm.txt", "src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x1 reqid 1\n\tenc cbc(aes) 0x1\n");
    assert!(
        message.starts_with("xfrm.txt:3:15: a key with an odd number of hexadecimal digits\n"),
        "{message}"
    );
}

#[test]
fn reads_our_own_secrets() {
    let keys = read(
        "ike_secrets",
        concat!(
            "# what the laboratory knows\n",
            "64a7d5a00552789b psk \"nycmesh \\\"net\\\" \u{fc}\" dh-private-responder 0x0102 # its own\n",
            "* psk 0x00ff\n",
            "0x64a7d5a00552789c dh-secret 0a0b dh-private-initiator 0C\n",
        ),
    );
    let [first, second, third] = keys.secrets.as_slice() else { panic!("{}", keys.secrets.len()) };
    assert_eq!(first.initiator_cookie, Some(0x64a7_d5a0_0552_789b_u64.to_be_bytes()));
    assert_eq!(first.pre_shared_key.as_ref().unwrap().expose(), "nycmesh \"net\" \u{fc}".as_bytes());
    assert_eq!(first.dh_private_responder.as_ref().unwrap().expose(), [1, 2]);
    assert_eq!(
        (second.initiator_cookie, second.pre_shared_key.as_ref().unwrap().expose()),
        (None, &[0, 0xff][..])
    );
    assert_eq!(third.dh_secret.as_ref().unwrap().expose(), [10, 11]);
    assert_eq!(third.dh_private_initiator.as_ref().unwrap().expose(), [12]);
    assert!(third.pre_shared_key.is_none());

    for (text, start) in [
        ("zz psk \"a\"", "ike_secrets:1:1: a cookie with something other than hexadecimal digits\n"),
        (
            "* psk hunter2",
            "ike_secrets:1:7: a key that is neither in quotation marks nor hexadecimal after 0x\n",
        ),
        ("* psk \"hunter2", "ike_secrets:1:7: the closing quotation mark is missing\n"),
        ("* psk \"hunter2\"x", "ike_secrets:1:7: something right behind the closing quotation mark\n"),
        ("* psk", "ike_secrets:1:6: a word without its value\n"),
        ("*", "ike_secrets:1:2: a cookie and nothing about it\n"),
        ("* hunter2 0x00", "ike_secrets:1:3: a word without a meaning here\n"),
        ("* psk 0x00 psk 0x01", "ike_secrets:1:12: psk for the second time\n"),
    ] {
        let message = refusal("ike_secrets", text);
        assert!(message.starts_with(start) && message.contains("\nhint: "), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

/// One value in a log of charon, with what stands before the text of each line.
fn dump(prefix: &str, name: &str, octets: &[u8]) -> Vec<String> {
    let mut lines = vec![format!("{prefix}{name} => {} bytes @ 0x7f0f2c001230", octets.len())];
    for (index, chunk) in octets.chunks(16).enumerate() {
        let digits: Vec<String> = chunk.iter().map(|octet| format!("{octet:02X}")).collect();
        let ascii: String = chunk
            .iter()
            .map(|&octet| if octet.is_ascii_graphic() { char::from(octet) } else { '.' })
            .collect();
        lines.push(format!("{prefix}{:4}: {:47}  {ascii}", index * 16, digits.join(" ")));
    }
    lines
}

fn octets(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

/// What charon logs of the exchange in `strongswan-xl2tpd-direct` (its keys; the other values made up). `names` tells
/// what stands before the text for a thread and subsystem.
fn charon_log(thread: u32, names: impl Fn(u32, &str) -> String) -> Vec<String> {
    let ike = names(thread, "IKE");
    let child = names(thread, "CHD");
    let value = |octet: u8, length: usize| vec![octet; length];
    let cookies = octets("d9baba7383fa75b90102030405060708");
    let sa = octets("0000000100000001000000");
    let seed = |spi: &str| [&value(0x55, 128)[..], &[3], &octets(spi), &value(0x66, 48)].concat();
    let mut lines = vec![format!("{}received NAT-T (RFC 3947) vendor ID", ike)];
    for (name, octets) in [
        ("shared Diffie Hellman secret", value(0x11, 128)),
        ("SKEYID", value(0x12, 20)),
        ("SKEYID_d", value(0x13, 20)),
        ("SKEYID_a", value(0x14, 20)),
        ("SKEYID_e", value(0x15, 20)),
        ("encryption key Ka", octets("e1c47f3bf0edb02b987ba3e92a4200f2d5eae7fcc84c034d0b0c5a596a23d1d9")),
        ("initial IV", value(0x16, 16)),
        ("HASH_I data", [&value(0x17, 256)[..], &cookies, &sa].concat()),
        ("HASH_I", value(0x18, 20)),
    ] {
        lines.extend(dump(&ike, name, &octets));
    }
    lines.push(format!("{child}  using AES_CBC for encryption"));
    lines.push(format!("{child}  using HMAC_SHA1_96 for integrity"));
    for (name, octets) in [
        ("DH secret", value(0x55, 128)),
        ("initiator SA seed", seed("c445fb73")),
        ("responder SA seed", seed("ca1171d0")),
        (
            "encryption initiator key",
            octets("302e20f449f35364d022f8210c9d6074002d68d9bd2ce9f04233cf1f1032f8dd"),
        ),
        (
            "encryption responder key",
            octets("aeff1061490e6cf7a608087af42124845fe432f8848aa8d7e484f44adde63e0f"),
        ),
        ("integrity initiator key", octets("c56ea7a7da55d04f60a4bba8378edc05b24e7faa")),
        ("integrity responder key", octets("a865d605bc7bb569d0f878b6458661445c43707c")),
    ] {
        lines.extend(dump(&child, name, &octets));
    }
    lines
}

#[test]
fn reads_a_log_of_charon_in_every_style() {
    let known = Keys::load(fixture("keys/strongswan-xl2tpd-direct.keys")).unwrap();
    let styles: [fn(u32, &str) -> String; 5] = [
        |thread, subsystem| format!("{thread:02}[{subsystem}] "),
        |thread, subsystem| format!("Nov 22 10:00:00 {thread:02}[{subsystem}] <mesh|1> "),
        |thread, subsystem| format!("2026-11-22T10:00:00.123 {thread:02}[{subsystem}4] <1> "),
        |thread, subsystem| format!("Nov 22 10:00:00 sn1 charon: {thread:02}[{subsystem}] "),
        |thread, subsystem| format!("Nov 22 10:00:00 sn1 ipsec[812]: {thread:02}[{subsystem}] "),
    ];
    for style in styles {
        let keys = read("charon.log", &charon_log(5, style).join("\n"));
        assert_eq!(shown(&keys.esp), shown(&known.esp), "{}", style(5, "IKE"));
        for entry in &keys.esp {
            assert_eq!(
                (entry.encryption, entry.integrity),
                (EspEncryption::AesCbc, EspIntegrity::HmacSha1_96)
            );
            assert_eq!(
                (entry.family, entry.source, entry.destination),
                (None, AddressMatch::Any, AddressMatch::Any)
            );
        }
        let [key] = keys.ikev1.as_slice() else { panic!("{}", keys.ikev1.len()) };
        assert_eq!((&key.key, key.initiator_cookie), (&known.ikev1[0].key, known.ikev1[0].initiator_cookie));
        let derivation = &key.derivation;
        assert_eq!(derivation.dh_secret.as_ref().unwrap().len(), 128);
        assert_eq!(derivation.skeyid_e.as_ref().unwrap().expose(), [0x15; 20]);
        assert_eq!(derivation.initial_iv.as_ref().unwrap().len(), 16);
        assert_eq!(keys.left_out, []);
    }
}

#[test]
fn threads_of_charon_are_kept_apart() {
    let style = |thread: u32, subsystem: &str| format!("{thread:02}[{subsystem}] ");
    let one = charon_log(5, style);
    let other: Vec<String> = charon_log(6, style);
    let mixed: Vec<String> =
        one.iter().zip(&other).flat_map(|(one, other)| [one.clone(), other.clone()]).collect();
    let keys = read("charon.log", &mixed.join("\n"));
    assert_eq!((keys.esp.len(), keys.ikev1.len()), (4, 2));
    assert_eq!(shown(&keys.esp[..2]), shown(&keys.esp[2..]));
}

#[test]
fn the_cookie_is_taken_from_the_manager_of_charon_too() {
    let mut lines = vec![
        "05[MGR] checkout IKEv1 SA by message with SPIs 64a7d5a00552789b_i 0c7f79d21d01f351_r".to_owned(),
    ];
    lines.extend(dump("05[IKE] ", "encryption key Ka", &[7; 24]));
    lines.push("05[MGR] checkin IKE_SA mesh[1]".to_owned());
    lines.extend(dump("05[IKE] ", "encryption key Ka", &[8; 24]));
    let keys = read("charon.log", &lines.join("\n"));
    let cookies: Vec<_> = keys.ikev1.iter().map(|key| key.initiator_cookie).collect();
    assert_eq!(cookies, [Some(0x64a7_d5a0_0552_789b_u64.to_be_bytes()), None]);
}

#[test]
fn what_a_log_of_charon_does_not_tell_is_said() {
    let left_out = |text: &str| read("charon.log", text).left_out.remove(0).why;
    assert_eq!(
        left_out("00[DMN] Starting IKE charon daemon (strongSwan 5.9.8, Linux 6.1.0, x86_64)\n"),
        "a log of charon without keys; it logs them with `ike = 4` and `chd = 4`"
    );
    let keys = |lines: &[&str]| {
        let mut log: Vec<String> = lines.iter().map(|line| format!("05[CHD]   {line}")).collect();
        for name in ["encryption initiator key", "encryption responder key"] {
            log.extend(dump("05[CHD] ", name, &[9; 20]));
        }
        log.join("\n")
    };
    assert_eq!(
        left_out(&keys(&["using AES_GCM_16 for encryption"])),
        "keys of a CHILD_SA without its SPIs: of IKEv2, or not of ESP"
    );
    assert_eq!(
        left_out(&keys(&["using CAMELLIA_CBC for encryption"])),
        "encryption algorithm CAMELLIA_CBC is not supported"
    );
}

/// A log or a dump can be anybody's: what a note quotes of it does not get to steer the terminal.
#[test]
fn notes_do_not_pass_on_control_characters() {
    let text = "src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x1\n\tenc cbc(aes\u{1b}[2J) 0x00\n";
    let keys = read("xfrm.txt", text);
    let [left] = keys.left_out.as_slice() else { panic!("{}", keys.left_out.len()) };
    assert_eq!(left.why, r"encryption algorithm cbc(aes\u{1b}[2J) is not supported");
}
