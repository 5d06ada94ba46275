//! The public interface against vectors of other implementations.

mod esp;
mod isakmp;
mod l2tp;
mod ospf;
mod pair;
mod ppp;
mod stack;
mod support;
mod vectors_crypto;
mod vectors_esp;
mod vectors_isakmp_keys;
