//! What can be tried instead of bidding the truth, and what it gains.
//!
//! Each trick gives the gain in µJ over bidding the truth, and the welfare that it is compared with. Where the best of
//! several bids is looked for, the truth is among them, so the gain is never negative; where one plan is followed it can be.

use maxwell_core::units::Microjoules;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::scene::{Scene, order, split};
use crate::house::{Bid, House};

/// Ticks in which a rival's money is drained.
const DRAIN_TICKS: u64 = 50;
/// Ticks in which a sniper acts.
const SNIPE_TICKS: u64 = 60;
/// Chance per tick that somebody who is no sniper looks at the book.
const LOOKS: f64 = 0.3;

/// What a trick gains.
pub(super) struct Tried {
    /// In all ticks together.
    pub(super) gain: Microjoules,
    /// The most welfare that there could be in one of them.
    pub(super) optimum: Microjoules,
    /// How many there are.
    pub(super) ticks: u64,
}

/// A trick.
pub(super) type Trick = fn(&mut House, &Scene, &mut ChaCha8Rng) -> Tried;

/// All of them, by the name that tables use.
pub(super) const ALL: [(&str, Trick); 7] = [
    ("shading", shading),
    ("fewer", fewer),
    ("wallets", wallets),
    ("budget", budget),
    ("draining", draining),
    ("rotation", rotation),
    ("sniping", sniping),
];

/// One slot is wanted: the best limit up to the value.
fn shading(house: &mut House, scene: &Scene, _: &mut ChaCha8Rng) -> Tried {
    let honest = scene.gain(house, &order(scene.value, 1));
    let limits = scene.limits(&scene.rivals, scene.value);
    let best = limits.into_iter().map(|limit| scene.gain(house, &order(limit, 1))).max();
    Tried { gain: best.unwrap_or(honest).max(honest) - honest, optimum: scene.optimum(1), ticks: 1 }
}

/// Several slots are wanted, worth the same each: the best limit for the best number of them.
fn fewer(house: &mut House, scene: &Scene, _: &mut ChaCha8Rng) -> Tried {
    let honest = scene.gain(house, &order(scene.value, scene.wanted));
    let mut best = honest;
    for limit in scene.limits(&scene.rivals, scene.value) {
        for slots in 1..=scene.wanted {
            best = best.max(scene.gain(house, &order(limit, slots)));
        }
    }
    Tried { gain: best - honest, optimum: scene.optimum(scene.wanted), ticks: 1 }
}

/// Several slots are wanted, the truth is bid for all of them, and they are dealt out to the best number of wallets, two at
/// least.
fn wallets(house: &mut House, scene: &Scene, _: &mut ChaCha8Rng) -> Tried {
    let honest = scene.gain(house, &order(scene.value, scene.wanted));
    let best =
        (2..=scene.wanted).map(|wallets| scene.gain(house, &split(scene.value, scene.wanted, wallets))).max();
    Tried { gain: best.unwrap_or(honest) - honest, optimum: scene.optimum(scene.wanted), ticks: 1 }
}

/// Several slots are wanted and the money does not cover all of them: limit x slots must. The truth for as many as it covers,
/// against a lower limit for more.
fn budget(house: &mut House, scene: &Scene, dice: &mut ChaCha8Rng) -> Tried {
    let all = scene.value.times(scene.wanted as u64);
    let money = Microjoules((all.0 as f64 * dice.random_range(0.2..0.95)) as i64);
    let covered = |limit: Microjoules| scene.wanted.min((money.0 / limit.0.max(1)) as usize);
    let (limit, slots) = if money < scene.value { (money, 1) } else { (scene.value, covered(scene.value)) };
    let honest = scene.gain(house, &order(limit, slots));
    let mut best = honest;
    let thinnest = (slots + 1..=scene.wanted).map(|slots| Microjoules(money.0 / slots as i64));
    for limit in scene.limits(&scene.rivals, limit).into_iter().chain(thinnest) {
        if limit >= scene.reserve && covered(limit) > slots {
            best = best.max(scene.gain(house, &order(limit, covered(limit))));
        }
    }
    Tried { gain: best - honest, optimum: scene.optimum(scene.wanted), ticks: 1 }
}

/// The rival who keeps the one who thinks out has money for part of the time. Bidding just below it, above the own value,
/// makes it pay more and run out sooner; then the slot is had for less.
fn draining(house: &mut House, scene: &Scene, dice: &mut ChaCha8Rng) -> Tried {
    let mut rivals = scene.rivals.clone();
    rivals.sort_unstable_by(|one, other| other.cmp(one));
    let optimum = scene.optimum(1);
    let last = scene.weights.len() - 1;
    let kept_out = rivals.get(last).is_some_and(|rival| *rival > scene.value && scene.value >= scene.reserve);
    if !kept_out {
        return Tried { gain: Microjoules::ZERO, optimum, ticks: DRAIN_TICKS };
    }
    let victim = rivals[last];
    let money = Microjoules((dice.random_range(0.2..0.8) * victim.times(DRAIN_TICKS).0 as f64) as i64);
    let mut play = |while_kept_out: Microjoules| {
        let (mut left, mut gained) = (money, Microjoules::ZERO);
        for _ in 0..DRAIN_TICKS {
            let funded = left >= victim;
            let mut bids = rivals.clone();
            bids[last] = if funded { victim } else { Microjoules::ZERO };
            let own = order(if funded { while_kept_out } else { scene.value }, 1);
            gained += scene.gain_against(house, &bids, &own);
            left -= price_of(house, scene, &bids, &own, last);
        }
        gained
    };
    let honest = play(scene.value);
    Tried { gain: play(Microjoules(victim.0 - 1).max(scene.value)) - honest, optimum, ticks: DRAIN_TICKS }
}

/// What the rival pays in a tick.
fn price_of(
    house: &mut House,
    scene: &Scene,
    rivals: &[Microjoules],
    own: &[Bid],
    rival: usize,
) -> Microjoules {
    let theirs = rivals.iter().zip(0..).map(|(limit, wallet)| Bid { wallet, limit: *limit });
    let bids: Vec<Bid> = theirs.chain(own.iter().copied()).collect();
    let wins = house.sell(&scene.weights, scene.reserve, &bids);
    wins.iter().find(|win| win.bid == rival).map_or(Microjoules::ZERO, |win| win.price)
}

/// The one who thinks and the best rival take turns: each bids the truth in one tick and stays away in the next. What the two
/// gain together.
fn rotation(house: &mut House, scene: &Scene, _: &mut ChaCha8Rng) -> Tried {
    let mut rivals = scene.rivals.clone();
    rivals.sort_unstable_by(|one, other| other.cmp(one));
    let partner = rivals.remove(0);
    let mut gain_of = |here: &[Microjoules]| {
        let theirs = rivals.iter().zip(0..).map(|(limit, wallet)| Bid { wallet, limit: *limit });
        let pair =
            here.iter().zip(rivals.len() as u32..).map(|(limit, wallet)| Bid { wallet, limit: *limit });
        let bids: Vec<Bid> = theirs.chain(pair).collect();
        let wins = house.sell(&scene.weights, scene.reserve, &bids);
        let of_pair = wins.iter().filter(|win| win.bid >= rivals.len());
        of_pair.map(|win| win.gain(bids[win.bid].limit)).sum::<Microjoules>()
    };
    let both = gain_of(&[partner, scene.value]);
    let in_turns = gain_of(&[partner]) + gain_of(&[scene.value]);
    Tried { gain: in_turns - both.times(2), optimum: scene.optimum(1), ticks: 2 }
}

/// Everybody answers the book of the last tick, now and then; the sniper sees the book of this one, in every tick. What that
/// gains over answering as the others do.
fn sniping(house: &mut House, scene: &Scene, dice: &mut ChaCha8Rng) -> Tried {
    let mut play = |snipes: bool, mut dice: ChaCha8Rng| {
        let everybody: Vec<Microjoules> = scene.rivals.iter().copied().chain([scene.value]).collect();
        let own = everybody.len() - 1;
        let mut book = everybody.clone();
        let mut gained = Microjoules::ZERO;
        for _ in 0..SNIPE_TICKS {
            let before = book.clone();
            for bidder in 0..everybody.len() {
                // Drawn for the sniper too, so that both plays see the same dice.
                if dice.random_bool(LOOKS) && !(snipes && bidder == own) {
                    book[bidder] = best_answer(house, scene, &before, bidder, everybody[bidder]);
                }
            }
            if snipes {
                book[own] = best_answer(house, scene, &book, own, scene.value);
            }
            gained += scene.gain_against(house, &book[..own], &order(book[own], 1));
        }
        gained
    };
    let honest = play(false, dice.clone());
    Tried { gain: play(true, dice.clone()) - honest, optimum: scene.optimum(1), ticks: SNIPE_TICKS }
}

/// The best bid of one bidder against the others' in a book; of several that are as good, the highest.
fn best_answer(
    house: &mut House,
    scene: &Scene,
    book: &[Microjoules],
    bidder: usize,
    value: Microjoules,
) -> Microjoules {
    let mut others = book.to_vec();
    others.remove(bidder);
    let of_its_own = Scene { value, ..scene.clone() };
    let limits = scene.limits(&others, value).into_iter();
    let tried = limits.map(|limit| (of_its_own.gain_against(house, &others, &order(limit, 1)), limit));
    tried.max().map_or(value, |(_, limit)| limit)
}
