//! Random lives: whatever happens to cells, the state machine is the drawn one and the verdicts agree with each other.

use super::*;
use proptest::prelude::*;

const CELLS: u32 = 3;

/// Something that happens to a cell between or during ticks.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Order {
        limit: i64,
        slots: u16,
    },
    Earn(i64),
    Spend,
    Debt,
    /// It wins if it can; whether it leaves its slot in time, what it waits for then, how it ends.
    Win {
        late: bool,
        wait: Option<Wait>,
        exit: Option<Exit>,
    },
    Answer,
    Quiet(u64),
    Weather {
        fresh: bool,
        supply: f64,
    },
}

fn happening() -> impl Strategy<Value = Happening> {
    let wait = prop_oneof![
        4 => Just(None),
        1 => Just(Some(Wait::Reply)),
        1 => (0..400_u64).prop_map(|ticks| Some(Wait::Until(Moment(ticks * QUANTUM.0)))),
    ];
    let exit = prop_oneof![60 => Just(None), 1 => Just(Some(Exit::Finished)), 1 => Just(Some(Exit::Limit))];
    prop_oneof![
        4 => (0..300_i64, 0..4_u16).prop_map(|(limit, slots)| Happening::Order { limit, slots }),
        2 => (1..500_i64).prop_map(Happening::Earn),
        2 => Just(Happening::Spend),
        1 => Just(Happening::Debt),
        8 => (any::<bool>(), wait, exit).prop_map(|(late, wait, exit)| Happening::Win { late, wait, exit }),
        2 => Just(Happening::Answer),
        3 => (1..60_u64).prop_map(Happening::Quiet),
        1 => (any::<bool>(), 0..2_u8).prop_map(|(fresh, supply)| Happening::Weather { fresh, supply: supply.into() }),
    ]
}

/// Whether the drawing has an arrow from one state to the other, or allows to stay. `None` is the end.
fn may_follow(before: State, after: Option<State>) -> bool {
    use State::{Created, Dead, Dying, Hungry, Ready, Running};
    let Some(after) = after else { return true };
    match (before, after) {
        (Dying { reason: was, since: then, granted: had }, Dying { reason, since, granted }) => {
            was == reason && then == since && granted >= had
        }
        (_, Created | Dead(_)) | (Dead(_) | Dying { .. }, _) => false,
        (Hungry { hungry_for: was }, Hungry { hungry_for }) => {
            hungry_for == was || hungry_for == was + QUANTUM
        }
        (_, Hungry { hungry_for }) => hungry_for <= QUANTUM,
        (before, Dying { reason: Reason::Insolvent, .. }) => {
            matches!(before, Hungry { hungry_for } if hungry_for == LifePolicy::default().hunger)
        }
        (_, Dying { reason, .. }) => reason == Reason::Debt,
        (_, Ready | Running) => true,
    }
}

/// What the verdicts of one tick say of one cell must fit what became of it.
fn check_verdicts(
    world: &World,
    cell: CellId,
    before: State,
    verdicts: &[Verdict],
) -> Result<(), TestCaseError> {
    let after = world.population.get(cell);
    prop_assert!(may_follow(before, after.map(|m| m.state)), "{:?} -> {:?}", before, after);
    let of = |wanted: &dyn Fn(&Verdict) -> bool| verdicts.iter().filter(|verdict| wanted(verdict)).count();
    let notified = of(&|v| matches!(v, Verdict::Notify(c, _) if *c == cell));
    let buried = of(&|v| matches!(v, Verdict::Bury(c, _) if *c == cell));
    let killed = of(&|v| matches!(v, Verdict::Kill(c) if *c == cell));
    let begins_to_die = after.is_some_and(|m| m.state.is_dying()) && !before.is_dying();
    prop_assert_eq!(notified, usize::from(begins_to_die));
    prop_assert_eq!(buried, usize::from(after.is_none()));
    prop_assert!(killed <= buried, "only the dead are killed");
    let belongs = after.is_some_and(|member| {
        let awake = member.wait.is_none() && !member.is_late;
        matches!(member.state, State::Ready | State::Running) && awake && member.order.is_some()
    });
    prop_assert_eq!(world.in_book(cell), belongs, "{:?}", after);
    if let Some(order) = world.book.iter().find(|order| order.cell == cell) {
        prop_assert_eq!(Some(*order), after.and_then(|member| member.order));
        let wanted = order.limit.times(u64::from(order.slots));
        prop_assert!(world.ledger.free(order.wallet) >= wanted, "the book holds funded orders");
    }
    Ok(())
}

fn pass_checked(world: &mut World, granted: &[CellId], usages: &[Usage]) -> Result<(), TestCaseError> {
    let before: Vec<_> = world.population.members().iter().map(|m| (m.cell, m.state)).collect();
    let verdicts = world.pass(granted, usages);
    for (cell, state) in before {
        check_verdicts(world, cell, state, &verdicts)?;
    }
    let (late, members) = (world.population.late_slots().count(), world.population.members());
    prop_assert_eq!(late > 0, members.iter().any(|member| member.is_late));
    prop_assert!(crate::invariants::money(world.tick, &world.ledger).is_ok());
    Ok(())
}

fn happen(world: &mut World, cell: CellId, happening: Happening) -> Result<(), TestCaseError> {
    let Some(member) = world.population.get(cell).cloned() else { return Ok(()) };
    match happening {
        Happening::Order { limit, slots } => drop(world.order(cell, Microjoules(limit), slots)),
        Happening::Earn(amount) => world.pay(cell, amount),
        Happening::Spend => {
            let free = world.ledger.free(member.wallet).0;
            world.pay(cell, -(free.max(0) / 2));
        }
        Happening::Debt => world.drive_into_debt(cell),
        Happening::Answer => drop(world.answer(cell)),
        Happening::Weather { fresh, supply } => (world.fresh, world.supply) = (fresh, supply),
        Happening::Quiet(ticks) => {
            for _ in 0..ticks {
                pass_checked(world, &[], &[])?;
            }
        }
        Happening::Win { late, wait, exit } => {
            let told = [Usage { exit, wait, ..usage(cell) }];
            let graced = member.state.is_dying() && member.wait.is_none() && !member.is_late;
            let granted: &[CellId] = if world.in_book(cell) || graced { &[cell] } else { &[] };
            let tells = if granted.is_empty() { member.is_late } else { !late };
            return pass_checked(world, granted, if tells { &told } else { &[] });
        }
    }
    pass_checked(world, &[], &[])
}

proptest! {
    #[test]
    fn every_life_follows_the_drawing(
        happenings in prop::collection::vec((0..CELLS, happening()), 1..120),
        free in prop::array::uniform3(0..800_i64),
    ) {
        let mut world = World::new();
        let cells = free.map(|free| world.admit(free));
        for (cell, happening) in happenings {
            happen(&mut world, cells[cell as usize], happening)?;
        }
    }
}
