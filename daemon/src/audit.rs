//! Which claims are looked at: chosen by a secret, so that no agent can foresee it.

use maxwell_core::bounty::audit::AuditPolicy;
use maxwell_core::bounty::terms::BountyId;
use maxwell_core::units::Ppm;

/// How a node audits claims. The default looks at every one and so needs no secret.
#[derive(Clone, Default)]
pub struct Audit {
    policy: AuditPolicy,
    secret: [u8; 32],
}

impl Audit {
    /// Audits by `policy`. Whoever knows `secret` knows which claims are looked at: a real node takes it from the system's
    /// random bytes at every start, a simulation from its seed.
    pub const fn new(policy: AuditPolicy, secret: [u8; 32]) -> Self {
        Self { policy, secret }
    }

    /// Its knobs.
    pub const fn policy(&self) -> AuditPolicy {
        self.policy
    }

    /// Whether a claim on this key is looked at. The same for every claim on it, whoever makes it and when.
    pub fn picks(&self, bounty: BountyId, key: u64) -> bool {
        if self.policy.rate() == Ppm::ONE {
            return true;
        }
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        hasher.update(&bounty.0.to_le_bytes()).update(&key.to_le_bytes());
        let mut drawn = [0; 8];
        hasher.finalize_xof().fill(&mut drawn);
        let drawn = u128::from(u64::from_le_bytes(drawn));
        // Parts per million of all 64-bit numbers: one that is as likely as the rate to within 1 in 2^64.
        (drawn * u128::from(Ppm::ONE.0)) >> 64 < u128::from(self.policy.rate().0)
    }
}

impl std::fmt::Debug for Audit {
    /// The secret is not shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audit").field("policy", &self.policy).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(audit: &Audit, bounty: u64) -> Vec<u64> {
        (0..100_000).filter(|key| audit.picks(BountyId(bounty), *key)).collect()
    }

    #[test]
    fn as_many_are_picked_as_the_rate_says_and_others_for_another_secret_or_bounty() {
        let policy = AuditPolicy::new(Ppm(100_000), 10).unwrap();
        let (one, other) = (Audit::new(policy, [1; 32]), Audit::new(policy, [2; 32]));
        let keys = picked(&one, 7);
        // Ten thousand are expected; six standard deviations are 570.
        assert!((9_430..=10_570).contains(&keys.len()), "{}", keys.len());
        assert_eq!(keys, picked(&one, 7), "the same every time");
        for others in [picked(&other, 7), picked(&one, 8)] {
            let common = others.iter().filter(|key| keys.binary_search(key).is_ok()).count();
            assert!((800..=1_200).contains(&common), "a tenth of a tenth, not {common}");
        }
    }

    #[test]
    fn all_are_picked_by_default_and_the_secret_is_not_shown() {
        assert_eq!(picked(&Audit::default(), 7).len(), 100_000);
        let policy = AuditPolicy::new(Ppm(1), 10).unwrap();
        assert!(!format!("{:?}", Audit::new(policy, [173; 32])).contains("173"));
    }
}
