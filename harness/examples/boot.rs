//! temp
use std::path::Path;
use std::time::Duration;
fn main() {
    let agent = std::env::args().nth(1).unwrap();
    let t = std::time::Instant::now();
    let m = l2tpspec::lab::Machine {
        packages: &[
            "strongswan-swanctl",
            "strongswan-charon",
            "libstrongswan-standard-plugins",
            "libstrongswan-extra-plugins",
            "xl2tpd",
            "ppp",
        ],
        cards: 2,
        memory: 384,
        agent: Path::new(&agent),
    };
    let mut g = match l2tpspec::lab::Guest::boot(&m) {
        Ok(g) => g,
        Err(e) => {
            println!("{e}");
            return;
        }
    };
    println!("boot {:?} total {:?} {:?}", g.boot, t.elapsed(), g.versions);
    for line in std::io::stdin().lines() {
        let t = std::time::Instant::now();
        match g.run(&line.unwrap(), Duration::from_secs(20)) {
            Ok(a) => println!("{:?} {:?}\n{}", t.elapsed(), a.status, a.said),
            Err(e) => println!("{e}"),
        }
    }
}
