//! What is drawn; how it is drawn is in `lines` and `bars`.

mod bars;
mod lines;

use maxwell_api::market::{GainRow, GameRow, MotionRow};
use maxwell_report::ReportError;
use maxwell_report::plots::Plot;
use maxwell_report::plots::canvas::Ink;

use crate::Study;
use crate::draw::{Slots, Values};
use crate::respond::Manner;
use crate::rest::EVERY;
use bars::{Bar, Group};
use lines::{Axis, Line, Lines};

/// What is known of pure equilibria without overbidding: the tight bound for three bidders and the bound for any number
/// (Paes Leme and Tardos; Caragiannis and others), and the first one for any number.
const BOUNDS: [(f64, &str); 3] =
    [(1.259, "1.259, three bidders"), (1.282, "1.282, proved"), (1.618, "1.618, older proof")];
/// What was expected in motion.
const EXPECTED: [(f64, &str); 2] = [(1.618, "1.618"), (2.2, "2.2, expected at most")];
/// Age of the book in the plot of motion.
const DELAY_TICKS: usize = 1;

/// The least width of a step that can be seen.
const STEP: f64 = 0.001;

/// Every plot.
pub(super) fn all(study: &Study) -> Result<Vec<Plot>, ReportError> {
    let games = || study.games.iter().filter(|game| game.search == EVERY && !game.reserve);
    let unequal = |game: &&GameRow| game.values != Values::Equal.name();
    let by_slots = Slots::ALL.map(|slots| {
        let worst =
            games().filter(unequal).filter(|game| game.slots == slots.name()).filter_map(|game| game.worst);
        (slots.name(), tail(worst.collect()))
    });
    let by_values = Values::ALL.map(|values| {
        let of_kind =
            games().filter(|game| game.slots == Slots::Random.name() && game.values == values.name());
        (values.name(), tail(of_kind.filter_map(|game| game.worst).collect()))
    });
    Ok(vec![
        at_rest("rest-by-slots", "Worst equilibrium of random games, by slots", &by_slots)?,
        at_rest(
            "rest-by-values",
            "Worst equilibrium of random games, by distribution of values",
            &by_values,
        )?,
        in_motion(&study.report.motion)?,
        gains(&study.report.gains)?,
    ])
}

/// The share of figures that are above each of them, as steps, in decades. Steps that nobody could tell apart are one.
fn tail(mut figures: Vec<f64>) -> Vec<(f64, f64)> {
    figures.sort_unstable_by(f64::total_cmp);
    let count = figures.len();
    let mut steps: Vec<(f64, f64)> = vec![(1.0, 0.0)];
    for (below, figure) in figures.iter().enumerate() {
        let y = ((count - below) as f64 / count as f64).log10();
        let (last_x, last_y) = steps[steps.len() - 1];
        if below + 1 == count || figure - last_x >= STEP {
            steps.extend([(*figure, last_y), (*figure, y)]);
        }
    }
    steps
}

fn at_rest(
    name: &'static str,
    title: &str,
    tails: &[(&'static str, Vec<(f64, f64)>)],
) -> Result<Plot, ReportError> {
    let lowest = tails.iter().flat_map(|(_, tail)| tail).map(|(_, y)| *y).fold(-1.0, f64::min).floor();
    let mut inks = Ink::all();
    let mut lines: Vec<Line> = tails
        .iter()
        .zip(&mut inks)
        .filter(|((_, tail), _)| tail.iter().any(|(x, _)| *x > 1.0))
        .map(|((name, tail), ink)| Line::new(name, ink, tail.clone()))
        .collect();
    lines.extend(
        BOUNDS.iter().zip(inks).map(|((x, label), ink)| Line::new(label, ink, vec![(*x, lowest), (*x, 0.0)])),
    );
    Lines {
        name,
        title: title.to_owned(),
        caption: "Share of games whose worst equilibrium has a ratio above the one on the axis, two to eight bidders and slots, no \
                  reserve, every equilibrium known. Families that never lose anything are left out."
            .to_owned(),
        x: Axis {
            title: "welfare: optimum over worst equilibrium",
            range: 1.0..1.65,
            marks: (0..=6).map(|mark| 1.0 + 0.1 * f64::from(mark)).collect(),
            label: |x| format!("{x:.1}"),
        },
        y: Axis {
            title: "share of games above",
            range: lowest..0.0,
            marks: (lowest as i32..=0).map(f64::from).collect(),
            label: |y| match y.round() as i32 {
                0 => "1".to_owned(),
                decade => format!("0.{}1", "0".repeat((-decade - 1) as usize)),
            },
        },
        drawn: lines,
    }
    .draw()
}

fn in_motion(rows: &[MotionRow]) -> Result<Plot, ReportError> {
    let mut inks = Ink::all();
    let of_manner = |manner: Manner| {
        rows.iter().filter(move |row| row.manner == manner.name() && row.delay_ticks == Some(DELAY_TICKS))
    };
    let mut lines: Vec<Line> = Manner::ALL
        .iter()
        .zip(&mut inks)
        .map(|(manner, ink)| {
            let points = |figure: fn(&MotionRow) -> Option<f64>| -> Vec<(f64, f64)> {
                of_manner(*manner)
                    .zip(0..)
                    .filter_map(|(row, x)| Some((f64::from(x), figure(row)?)))
                    .collect()
            };
            let upper = points(|row| row.second.p95);
            let median = points(|row| row.second.median);
            Line::new(manner.name(), ink, median).up_to(upper)
        })
        .collect();
    let last = of_manner(Manner::Low).count().max(2) as f64 - 1.0;
    let levels = EXPECTED.iter().zip(inks);
    lines.extend(levels.map(|((y, label), ink)| Line::new(label, ink, vec![(-0.1, *y), (last + 0.1, *y)])));
    Lines {
        name: "motion",
        title: "Welfare in motion, by time constant of the die and manner of the bidders".to_owned(),
        caption: "Best welfare over the welfare of every second, given the slots for sale and the reserve: line at the median, band and \
                  dashes up to the 95th percentile. Bidders answer the book of the tick before; `still` is the machine whose reserve and supply do not \
                  move."
            .to_owned(),
        x: Axis {
            title: "time constant of the die in s",
            range: -0.1..last + 0.1,
            marks: (0..=last as i32).map(f64::from).collect(),
            label: |x| match crate::motion::TAUS_S.get(x.round() as usize) {
                Some(Some(tau)) => tau.to_string(),
                _ => "still".to_owned(),
            },
        },
        y: Axis {
            title: "optimum over welfare",
            range: 1.0..2.4,
            marks: (0..=7).map(|mark| 1.0 + 0.2 * f64::from(mark)).collect(),
            label: |y| format!("{y:.1}"),
        },
        drawn: lines,
    }
    .draw()
}

fn gains(rows: &[GainRow]) -> Result<Plot, ReportError> {
    let mut groups: Vec<Group> = Vec::new();
    for row in rows.iter().filter(|row| row.slots == "identical") {
        let bar = Bar { label: row.mechanism.clone(), value: row.mean_where_it_pays_percent };
        match groups.iter_mut().find(|group| group.label == row.trick) {
            Some(group) => group.bars.push(bar),
            None => groups.push(Group { label: row.trick.clone(), bars: vec![bar] }),
        }
    }
    bars::draw(&groups)
}
