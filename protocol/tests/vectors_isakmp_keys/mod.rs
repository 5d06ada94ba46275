//! The key schedule of IKEv1 against published vectors and a recorded handshake.

use crate::support::{array, digits, hex, hex_field, text};
use l2tpspec_protocol::crypto::cbc::Cipher;
use l2tpspec_protocol::crypto::dh::Group;
use l2tpspec_protocol::crypto::hash::Hash;
use l2tpspec_protocol::isakmp::keys::{
    Cookies, Derivation, KeymatInputs, Nonces, Proof, PublicValues, cipher_key, hash_1, hash_2, hash_3,
    hash_i, hash_r, informational_hash, keymat, nat_d, phase_1_iv, phase_2_iv, skeyid_a, skeyid_d, skeyid_e,
    skeyid_pre_shared_key, skeyid_public_key_encryption, skeyid_signature, split_keymat,
};
use serde_json::Value;

mod handshake;

/// `nss_ikev1_kdf.json`: SKEYID, the keys below it and appendix B (IKE-2409-5-h, IKE-2409-5-i,
/// IKE-2409-AppB-e).
#[test]
fn the_key_schedule_matches_nist() {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/nss_ikev1_kdf.json")).unwrap();
    let vectors = vectors.as_array().unwrap();
    assert_eq!(vectors.len(), 18);
    for vector in vectors {
        let field = |name| hex_field(vector, name);
        let hash = match text(vector, "hash") {
            "sha1" => Hash::Sha1,
            "sha384" => Hash::Sha384,
            other => panic!("{other}"),
        };
        let (ikm, n1, n2) = (field("ikm"), field("n1"), field("n2"));
        let nonces = Nonces { initiator: &n1, responder: &n2 };
        let key = match text(vector, "type") {
            "ikeGxy" => skeyid_signature(hash, nonces, &ikm),
            "ikeV1Psk" => skeyid_pre_shared_key(hash, &ikm, nonces),
            "ikeV1" => {
                let cookies = Cookies { initiator: array(&n1), responder: array(&n2) };
                let (secret, previous) = (field("gxy"), field("prev"));
                let from = Derivation { skeyid: &ikm, shared_secret: &secret, cookies };
                match vector["keynum"].as_u64() {
                    Some(0) => skeyid_d(hash, &from),
                    Some(1) => skeyid_a(hash, &from, &previous),
                    _ => skeyid_e(hash, &from, &previous),
                }
            }
            "ikeV1AppB" => cipher_key(hash, &ikm, vector["size"].as_u64().unwrap().try_into().unwrap()),
            other => panic!("{other}"),
        };
        assert_eq!(digits(&key), text(vector, "okm"), "{vector}");
    }
}

/// libreswan's `test.acvp.ikev1_psk` (NIST SP 800-135).
#[test]
fn the_pre_shared_key_schedule_matches_libreswan() {
    let (ni, nr) = (hex("b9a2d0e922dc66dd"), hex("2130166863b5ddef"));
    let skeyid = skeyid_pre_shared_key(Hash::Sha1, &hex("75"), Nonces { initiator: &ni, responder: &nr });
    assert_eq!(digits(&skeyid), "62b04d112877e442fc3282fc37c076997718a0b9");
    let from = Derivation {
        skeyid: &skeyid,
        shared_secret: &hex("739003ba2c11c982946c65e26acf661fbf8ebb78011a9fead79efa12fe3e71cc"),
        cookies: Cookies {
            initiator: array(&hex("83d374c30b3b5082")),
            responder: array(&hex("5afc0da06c728029")),
        },
    };
    let d = skeyid_d(Hash::Sha1, &from);
    assert_eq!(digits(&d), "369e5aad1bdb5faf6a3d929d500cdc236710a9ab");
    let a = skeyid_a(Hash::Sha1, &from, &d);
    assert_eq!(digits(&a), "588e957d8d790d093b3a39f121473473af78e9bb");
    assert_eq!(digits(&skeyid_e(Hash::Sha1, &from, &a)), "cd74b0c048219db81384d3fda8f6cda51e398a2b");
}

/// Values of a RUB-NDS unit test, in hexadecimal digits.
struct Unit {
    cookie_i: &'static str,
    cookie_r: &'static str,
    nonce_i: &'static str,
    nonce_r: &'static str,
    public_i: &'static str,
    public_r: &'static str,
    secret: &'static str,
    sa_i: &'static str,
    id_r: &'static str,
    skeyid: &'static str,
    skeyid_d: &'static str,
    skeyid_a: &'static str,
    skeyid_e: &'static str,
    key: &'static str,
    iv: &'static str,
    hash_r: &'static str,
}

/// RUB-NDS `IKEv1HandshakeSessionSecretsTest.java`, pre-shared key AAAA, SHA-1, AES-128.
const UNITS: [Unit; 2] = [
    // testComputeSecretKeys
    Unit {
        cookie_i: "7116900aa5c2880d",
        cookie_r: "047ad6f8b3d0abb7",
        nonce_i: "4654fdd74594982a",
        nonce_r: "3673e64987b4956dbb8b933399251a5abf88f557a723b802b345f838667e9a4e",
        public_i: "75fb75db0749d4b15d9bb067b63399f790246dd7919d0c0a88fc34dd76eb9ad204e162b261914c0966a2d32d05178d4c0f0ec3817692fca675678f2fd2a6869188b943e33ad44cc859a5af98d6d5332c538cff4174ee737c8624de910cc40bd953f7940d1b2d8a681cee03c85199fbe773bfa100ffea5fcb82eed25a399b0b3e",
        public_r: "2096a31ff922e5224d9d19f06a41e2d9aebe1180d4e5cbc3d6ea166e2b8810d5ddd048375025ae9bf895ad40c508cd8b9398bded0d00ae7e77c1a1eb31930495106892630152a926a45037606cda4651340082fc10558786b4d8c4e6d72222d580d9a30d9c3b7fe9c348a6eadc5e79a24fe4b4364297b5ff71914ef8a6980e73",
        secret: "19b67b23eb5f792ec9d7e11d16501ca20f2a2d0b230d525cd824dfb16867b515dc2ce9560b20b2149bfb360c1662c26a5ad7fe1faa86e66213238c80b2ed46ccb821bf5043093027eb6e32c71685a093306df20c24190c7f93947fa21e56d10e4c5b7063b2b4dc1747f1df0bd46975d1825eede335e3acbad71a063cecf866c7",
        sa_i: "00000001000000010000002c01010001000000240101000080010007800e0080800200028004000280030001800b0001800c7080",
        id_r: "010000000a00030a",
        skeyid: "49856bc53f30db8ce55f5befae9e42431279550c",
        skeyid_d: "e5d7368180a8766f09c90cc9ac15182d3cd492ee",
        skeyid_a: "92de109fe83047c95812b600820f1476cd24aa49",
        skeyid_e: "de5d24679ad21491e63e2d7173017769cd7b9bc5",
        key: "de5d24679ad21491e63e2d7173017769",
        iv: "139568606df1337cbcbc8fa7d201c8a8",
        hash_r: "ba8c49cfd796bdc78e63ff6b5a858fc289dad933",
    },
    // testComputeKeyMaterial
    Unit {
        cookie_i: "2e204dce151b64dc",
        cookie_r: "070449eb13758cb5",
        nonce_i: "646355bc6c07de71db2359eda468c6fa",
        nonce_r: "a4a1dfc1fbdcd0fd31308e1c01350634ce8ffcccbb63c475bad81d3ef1d942f1",
        public_i: "771b9e1f3a547b5d050c6240eb91020e958f5345dffb235ccf105d9b1c1ecda4d04f6da0fcd80b82c81c55829da676811a1d624ebd8eef2336747b42c834140cf57006dc6aa83f5917e3792f7a3d0ef51b86e32baa0e9add4e1fe6200e1886164a8e44fd71315a311bb07fb9d7cc6873e483833b9543009ba36073b736d6d0e5",
        public_r: "7a444ad40235131c1c4d420b2ba2649054b46f0f4d228cefc5e2f9788683f54b3ef17e095eb4b7efb150b1c16ccba05ef13d6ada396d4538e24dcb54c076d9df0e69898e7f0fddb6a93faee312486d7f846685e575d4e32eaf32f2e7fa62e3a439f95c79f24a29933d4dad15e2d317bf651ba8d71b958eaea6ea6926a8109b12",
        secret: "91f6b3d878c92b1ac6f7aee051d4a358fdfefa3e8f1fcabb9957318c7d1f81a249465708e17c11990c4ef1f7780efd1542aed8d5702d8549ea6d3349f2cb24bd6dc749c22ecf0f3e2d06f51e105c612fb73179b19c79eebc252ec7ec4b2726a02e5d63fc5e02755a7e6095dba6433eea9c6b55f4a7b2c591495216e7274a2361",
        sa_i: "00000001000000010000002c00010001000000240001000080010007800e0080800200028004000280030001800b0001800c7080",
        id_r: "010000000a00030a",
        skeyid: "67a74740939229c9b59d196af65499ee9e0c105b",
        skeyid_d: "b6cd873cdfe99dee9a42202ba0d43f61da3e6a99",
        skeyid_a: "0f6de946b7086c6de4dc0cb820264bd4ccd297ed",
        skeyid_e: "fa1fb169062972ccee0403dc021bc7f0d059127e",
        key: "fa1fb169062972ccee0403dc021bc7f0",
        iv: "56c65eca47fc0a0c5e4e3dcbb0f903a9",
        hash_r: "c5a5aa95a51e52c179afc0bafc9df81f43bbe89d",
    },
];

#[test]
fn keys_iv_and_hash_r_match_rub_nds() {
    let hash = Hash::Sha1;
    for unit in UNITS {
        let (ni, nr) = (hex(unit.nonce_i), hex(unit.nonce_r));
        let skeyid = skeyid_pre_shared_key(hash, b"AAAA", Nonces { initiator: &ni, responder: &nr });
        assert_eq!(digits(&skeyid), unit.skeyid);
        let cookies =
            Cookies { initiator: array(&hex(unit.cookie_i)), responder: array(&hex(unit.cookie_r)) };
        let from = Derivation { skeyid: &skeyid, shared_secret: &hex(unit.secret), cookies };
        let d = skeyid_d(hash, &from);
        let a = skeyid_a(hash, &from, &d);
        let e = skeyid_e(hash, &from, &a);
        assert_eq!([d, a, e.clone()].map(|key| digits(&key)), [unit.skeyid_d, unit.skeyid_a, unit.skeyid_e]);
        assert_eq!(digits(&cipher_key(hash, &e, 16)), unit.key);
        let (gxi, gxr) = (hex(unit.public_i), hex(unit.public_r));
        let public_values = PublicValues { initiator: &gxi, responder: &gxr };
        assert_eq!(digits(&phase_1_iv(hash, public_values, 16)), unit.iv);
        let proof = Proof {
            skeyid: &skeyid,
            public_values,
            cookies,
            initiator_sa: &hex(unit.sa_i),
            identification: &hex(unit.id_r),
        };
        assert_eq!(digits(&hash_r(hash, &proof)), unit.hash_r);
    }
}

/// RUB-NDS `IKEv1HandshakeSessionSecretsTest.java`, `testComputeKeyMaterial`.
#[test]
fn keying_material_matches_rub_nds() {
    let skeyid_d = hex("b6cd873cdfe99dee9a42202ba0d43f61da3e6a99");
    let ni = hex("cec1ae1e6e1d7f5b6d59a658ce2933eb");
    let nr = hex("8ee957f9076b169465d28c0075bfadde31f9bf5a7cf6f48ca3e63d729dc36992");
    for (spi, want) in [
        ("bc87cf3f", "9b7ef7409cf03c5c960e8ea3a832919ea877cbc00d1bdf385e94eec05b91fc40b43585f8"),
        ("c6af22ee", "7a4a4c9117705ff453f50a8914bd7726665f3b5e5c90cc1d039138a0273a2b4e0f2cc3d2"),
    ] {
        let inputs = KeymatInputs {
            skeyid_d: &skeyid_d,
            shared_secret: None,
            protocol: 3,
            spi: &hex(spi),
            nonces: Nonces { initiator: &ni, responder: &nr },
        };
        let material = keymat(Hash::Sha1, &inputs, 36);
        assert_eq!(digits(&material), want);
        let keys = split_keymat(&material, 16, 20).unwrap();
        assert_eq!(digits(keys.encryption) + &digits(keys.integrity), want);
    }
}

/// Three rounds for AES-256 and SHA-1, with and without perfect forward secrecy. Computed with Python's hmac
/// (IKE-2409-5.5-i, IKE-2409-5.5-j).
#[test]
fn keying_material_of_three_rounds_matches_another_implementation() {
    let skeyid_d: Vec<u8> = (0..20).collect();
    let secret: Vec<u8> = (1..=128).collect();
    let inputs = KeymatInputs {
        skeyid_d: &skeyid_d,
        shared_secret: None,
        protocol: 3,
        spi: &hex("c0ffee01"),
        nonces: Nonces { initiator: b"initiator nonce ", responder: b"the responder nonce" },
    };
    assert_eq!(
        digits(&keymat(Hash::Sha1, &inputs, 52)),
        "0cdc67b4fbfcb7ccbfcb441bdb22d0143b3c4ba1f6b4198eca074d5338e073ae9c248b3e4e9f8a2f3eaf65282e5379c84386e9e0"
    );
    let inputs = KeymatInputs { shared_secret: Some(&secret), ..inputs };
    assert_eq!(
        digits(&keymat(Hash::Sha1, &inputs, 52)),
        "b0b2f602a4640135ff2dc935f4e517864e074c216bb85530ddc226b5a8bebb8c94519d929737fd81a073c6f82c2896e67c4a7f41"
    );
}

/// `ike_psk_crack.txt`: `HASH_R` of Aggressive Mode under known keys.
#[test]
fn hash_r_of_aggressive_mode_matches_recorded_exchanges() {
    let lines = include_str!("../vectors/ike_psk_crack.txt").lines();
    let lines: Vec<_> = lines.filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    assert_eq!(lines.len(), 3);
    for line in lines {
        let [key, _, hash, _, values] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let hash = if hash == "MD5" { Hash::Md5 } else { Hash::Sha1 };
        let values: Vec<_> = values.trim().split(':').map(hex).collect();
        let [gxr, gxi, cky_r, cky_i, sa, id, ni, nr, want] = &values[..] else { panic!("{line}") };
        let skeyid = skeyid_pre_shared_key(hash, key.as_bytes(), Nonces { initiator: ni, responder: nr });
        let proof = Proof {
            skeyid: &skeyid,
            public_values: PublicValues { initiator: gxi, responder: gxr },
            cookies: Cookies { initiator: array(cky_i), responder: array(cky_r) },
            initiator_sa: sa,
            identification: id,
        };
        assert_eq!(digits(&hash_r(hash, &proof)), digits(want));
        assert_ne!(hash_i(hash, &proof), *want, "the two hashes differ in their order");
    }
}

/// The NAT-D payloads of a Main Mode of strongSwan's pluto (corelight/zeek-spicy-ipsec, `tests/traces/ipsec.cap`).
#[test]
fn nat_d_matches_a_recorded_exchange() {
    let cookies =
        Cookies { initiator: array(&hex("c6d1459285150c7e")), responder: array(&hex("6e961f01bf179b35")) };
    let value = |last| digits(&nat_d(Hash::Sha1, &cookies, [192, 168, 140, last].into(), 500));
    assert_eq!(value(200), "7048b170a54fa1c16582dce008d059de9295d7d3");
    assert_eq!(value(205), "c9e46dddfcc29d4ef72ba4da66d4720687e469e5");
    let v6 = nat_d(Hash::Sha1, &cookies, "2001:db8::1".parse().unwrap(), 500);
    assert_eq!(digits(&v6), "b928696548d37a30dcf25ee3bb68df1f7eda3dfd");
}

/// RFC 2409 section 5 in the words of its formula; no vector is published.
#[test]
fn skeyid_of_public_key_encryption_is_keyed_by_the_digest_of_the_nonces() {
    let cookies = Cookies { initiator: [1; 8], responder: [2; 8] };
    let skeyid = skeyid_public_key_encryption(
        Hash::Md5,
        Nonces { initiator: b"nonce of initiator", responder: b"nonce of responder" },
        &cookies,
    );
    assert_eq!(digits(&skeyid), "ac30d88ae0e4f5d8c0e699dc1ca800b6");
}
