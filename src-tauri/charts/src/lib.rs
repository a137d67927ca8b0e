//! Series to pictures that leave the application: SVG, and PNG made of the very same SVG.
//!
//! Pure: series in, bytes out. What the series are, and what a moment is called, is the caller's business. The one font
//! is a part of the program, so that a picture looks the same on every machine.

use std::sync::Arc;

use plotters::prelude::*;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// The size of a picture in the units of SVG: a chart of a page's width in a report.
const SIZE: (u32, u32) = (960, 540);
/// Pixels of a PNG for each unit: sharp on the screens of today.
const PIXELS_PER_UNIT: u16 = 2;
/// The family of the font that is a part of the program; whoever shows the SVG takes it or what it has.
const FONT: &str = "DejaVu Sans, sans-serif";
/// The same by its own name.
const FONT_FAMILY: &str = "DejaVu Sans";
/// The font: its Latin letters, 32 KB. Its licence lies beside it.
const FONT_BYTES: &[u8] = include_bytes!("../fonts/DejaVuSans-Latin.ttf");
/// Steps on the upright axis: as many as can be read without crowding.
const STEPS: u32 = 5;

/// How much of the height the lines may fill; the legend of four lines lies above.
const LINES_PERCENT: u32 = 78;

/// A chart of lines over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineChart {
    /// What it shows.
    pub title: String,
    /// What the upright axis counts.
    pub counts: String,
    /// What the level axis measures.
    pub time: String,
    /// What is said in the middle where there is no line.
    pub empty: String,
    /// The first moment and the last, in any unit that grows with time.
    pub span: (i64, i64),
    /// Moments that are marked, with what they are called.
    pub ticks: Vec<(i64, String)>,
    /// The lines, in the order of the legend.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What the legend calls it.
    pub name: String,
    /// Red, green and blue.
    pub colour: (u8, u8, u8),
    /// Its points in the order of time.
    pub points: Vec<(i64, u32)>,
}

/// Why a picture could not be made: a fault of the program, since every series can be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the chart could not be drawn: {0}")]
pub struct ChartError(String);

impl ChartError {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Draws a chart as SVG.
///
/// # Errors
/// [`ChartError`], which no series of numbers causes.
pub fn svg(chart: &LineChart) -> Result<String, ChartError> {
    let mut out = String::new();
    draw(chart, &SVGBackend::with_string(&mut out, SIZE).into_drawing_area())?;
    Ok(out)
}

/// Draws a chart as PNG.
///
/// # Errors
/// [`ChartError`], which no series of numbers causes.
pub fn png(chart: &LineChart) -> Result<Vec<u8>, ChartError> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(FONT_BYTES.to_vec());
    fonts.set_sans_serif_family(FONT_FAMILY);
    let options =
        Options { fontdb: Arc::new(fonts), font_family: FONT_FAMILY.to_owned(), ..Options::default() };
    let tree = Tree::from_str(&svg(chart)?, &options).map_err(ChartError::of)?;
    let scale = PIXELS_PER_UNIT;
    let mut pixels = Pixmap::new(SIZE.0 * u32::from(scale), SIZE.1 * u32::from(scale))
        .ok_or_else(|| ChartError::of("there is no room for the picture"))?;
    resvg::render(&tree, Transform::from_scale(scale.into(), scale.into()), &mut pixels.as_mut());
    pixels.encode_png().map_err(ChartError::of)
}

fn draw(
    chart: &LineChart,
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
) -> Result<(), ChartError> {
    let (from, to) = chart.span;
    let most = chart.lines.iter().flat_map(|line| &line.points).map(|(_, count)| *count).max().unwrap_or(0);
    let step = step_for(most);
    let mut top = step.saturating_mul(most / step + 1);
    // Room for the legend above the lines.
    while u64::from(most) * 100 > u64::from(top) * u64::from(LINES_PERCENT) && top < u32::MAX - step {
        top += step;
    }
    let counts: Vec<u32> = (0..=top / step).map(|at| at * step).collect();
    let moments: Vec<i64> = chart.ticks.iter().map(|(at, _)| *at).collect();
    let ink = RGBColor(38, 44, 52);
    let text = |size: u32| (FONT, size).into_font().color(&ink);

    area.fill(&WHITE).map_err(ChartError::of)?;
    let mut canvas = ChartBuilder::on(area)
        .caption(&chart.title, text(20))
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(64)
        .build_cartesian_2d(
            (from..to.max(from + 1)).with_key_points(moments),
            (0..top).with_key_points(counts),
        )
        .map_err(ChartError::of)?;
    canvas
        .configure_mesh()
        .axis_style(ink.mix(0.6))
        .bold_line_style(ink.mix(0.12))
        .light_line_style(TRANSPARENT)
        .label_style(text(13))
        .axis_desc_style(text(13))
        .x_desc(&chart.time)
        .y_desc(&chart.counts)
        .x_labels(chart.ticks.len())
        .x_label_formatter(&|at| {
            chart.ticks.iter().find(|(tick, _)| tick == at).map(|(_, name)| name.clone()).unwrap_or_default()
        })
        .draw()
        .map_err(ChartError::of)?;
    if chart.lines.is_empty() {
        let middle = (i32::try_from(SIZE.0 / 2).unwrap_or(0), i32::try_from(SIZE.1 / 2).unwrap_or(0));
        let style = text(16).pos(plotters::style::text_anchor::Pos::new(
            plotters::style::text_anchor::HPos::Center,
            plotters::style::text_anchor::VPos::Center,
        ));
        return area.draw_text(&chart.empty, &style, middle).map_err(ChartError::of);
    }
    for line in &chart.lines {
        let (red, green, blue) = line.colour;
        let colour = RGBColor(red, green, blue);
        canvas
            .draw_series(LineSeries::new(line.points.iter().copied(), colour.stroke_width(2)))
            .map_err(ChartError::of)?
            .label(line.name.clone())
            // A bar, and not a line: a line in this colour is a line of the chart.
            .legend(move |(x, y)| Rectangle::new([(x, y - 4), (x + 18, y + 4)], colour.filled()));
    }
    canvas
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.85))
        .border_style(ink.mix(0.2))
        .label_font(text(13))
        .draw()
        .map_err(ChartError::of)?;
    area.present().map_err(ChartError::of)
}

/// A step of 1, 2 or 5 and noughts by which one reaches a number in some [`STEPS`] steps.
fn step_for(most: u32) -> u32 {
    let mut step = 1_u32;
    for factor in [2, 5, 10].into_iter().cycle().zip(0..).map(|(factor, turn)| (factor, turn / 3)) {
        if most / step <= STEPS {
            break;
        }
        step = 10_u32.saturating_pow(factor.1).saturating_mul(factor.0);
    }
    step
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

    use resvg::usvg::roxmltree::Document;

    use super::*;

    fn chart(lines: Vec<Line>) -> LineChart {
        LineChart {
            title: "Working proxies <& more>".to_owned(),
            counts: "proxies".to_owned(),
            time: "time, UTC".to_owned(),
            empty: "nothing worked".to_owned(),
            span: (1_000, 2_000),
            ticks: vec![
                (1_000, "00:00".to_owned()),
                (1_500, "12:00".to_owned()),
                (2_000, "24:00".to_owned()),
            ],
            lines,
        }
    }

    fn two() -> Vec<Line> {
        let line = |name: &str, colour, counts: [u32; 3]| Line {
            name: name.to_owned(),
            colour,
            points: [1_000, 1_500, 2_000].into_iter().zip(counts).collect(),
        };
        vec![line("http", (0, 114, 178), [0, 40, 12]), line("socks5", (213, 94, 0), [3, 3, 3])]
    }

    /// The coordinates of the lines in a colour.
    fn lines_in(document: &Document<'_>, colour: &str) -> Vec<String> {
        let nodes = document.descendants().filter(|node| node.has_tag_name("polyline"));
        nodes
            .filter(|node| node.attribute("stroke") == Some(colour))
            .filter_map(|node| node.attribute("points").map(str::to_owned))
            .collect()
    }

    #[test]
    fn a_chart_has_a_line_for_each_series_and_says_what_it_shows() {
        let text = svg(&chart(two())).unwrap();
        let document = Document::parse(&text).unwrap();
        for colour in ["#0072B2", "#D55E00"] {
            let lines = lines_in(&document, colour);
            assert_eq!(lines.len(), 1, "one line in {colour}: {text}");
            assert_eq!(lines[0].split_whitespace().count(), 3, "with all its points: {lines:?}");
        }
        let said: Vec<String> = document
            .descendants()
            .filter(|node| node.has_tag_name("text"))
            .filter_map(|node| node.text().map(|text| text.trim().to_owned()))
            .collect();
        let wanted =
            ["Working proxies <& more>", "proxies", "time, UTC", "12:00", "http", "socks5", "40", "0"];
        for word in wanted {
            assert!(said.iter().any(|text| text == word), "{word} is not in {said:?}");
        }
    }

    #[test]
    fn a_chart_of_nothing_says_so() {
        let text = svg(&chart(Vec::new())).unwrap();
        assert!(text.contains("nothing worked"), "{text}");
        assert!(png(&chart(Vec::new())).unwrap().len() > 1_000);
    }

    #[test]
    fn a_png_is_the_same_picture_with_its_words() {
        let with = png(&chart(two())).unwrap();
        assert_eq!(&with[..8], b"\x89PNG\r\n\x1a\n");
        let number = |at: usize| u32::from_be_bytes(with[at..at + 4].try_into().unwrap());
        assert_eq!((number(16), number(20)), (1920, 1080), "twice the size of the SVG");
        let mut silent = chart(two());
        silent.title = String::new();
        let pixels = |png: &[u8]| Pixmap::decode_png(png).unwrap().data().to_vec();
        assert_ne!(pixels(&with), pixels(&png(&silent).unwrap()), "the title is drawn with our own font");
    }

    #[test]
    fn steps_are_round_and_few() {
        for (most, step) in [(0, 1), (5, 1), (6, 2), (11, 2), (12, 5), (40, 10), (1_000_000, 200_000)] {
            assert_eq!(step_for(most), step, "for {most}");
        }
        assert!(u32::MAX / step_for(u32::MAX) <= STEPS, "any count has its steps");
    }
}
