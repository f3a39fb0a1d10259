//! Pictures of a page made small: a screenshot has few colours, and a palette of 256 of them takes a third of its bytes.

use std::collections::HashMap;
use std::io::{Read, Write};

use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];
const COLOURS_MAX: usize = 256;

type Colour = [u8; 3];

/// The same picture with the colours that it has most of; any other becomes the nearest of them. It takes what a browser
/// writes: eight bits for each of red, green and blue, not interlaced.
pub fn with_few_colours(picture: &[u8]) -> Vec<u8> {
    let (head, data) = parts(picture);
    assert_eq!(head[8..13], [8, 2, 0, 0, 0], "eight bits, red, green and blue");
    let size = |at: usize| u32::from_be_bytes(head[at..at + 4].try_into().expect("four bytes")) as usize;
    let (width, height) = (size(0), size(4));
    let lines = unfiltered(&data, width, height);
    let mut counts: HashMap<Colour, usize> = HashMap::new();
    for colour in lines.iter().flat_map(|line| colours(line)) {
        *counts.entry(colour).or_default() += 1;
    }
    let mut by_count: Vec<(Colour, usize)> = counts.into_iter().collect();
    by_count.sort_unstable_by_key(|(colour, count)| (std::cmp::Reverse(*count), *colour));
    let palette: Vec<Colour> = by_count.iter().take(COLOURS_MAX).map(|(colour, _)| *colour).collect();
    let place: HashMap<Colour, u8> = by_count.iter().map(|(colour, _)| (*colour, nearest(&palette, *colour))).collect();
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    for line in &lines {
        // No filter: neighbours in a palette have nothing to do with each other.
        packed.write_all(&[0]).expect("memory");
        packed.write_all(&colours(line).map(|colour| place[&colour]).collect::<Vec<_>>()).expect("memory");
    }
    let mut made = SIGNATURE.to_vec();
    chunk(&mut made, b"IHDR", &[&head[..8], &[8, 3, 0, 0, 0]].concat());
    chunk(&mut made, b"PLTE", &palette.concat());
    chunk(&mut made, b"IDAT", &packed.finish().expect("memory"));
    chunk(&mut made, b"IEND", &[]);
    made
}

fn colours(line: &[u8]) -> impl Iterator<Item = Colour> {
    line.chunks_exact(3).map(|colour| [colour[0], colour[1], colour[2]])
}

fn nearest(palette: &[Colour], colour: Colour) -> u8 {
    let distance = |other: &Colour| other.iter().zip(colour).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum::<u32>();
    let place = palette.iter().enumerate().min_by_key(|(_, other)| distance(other)).map_or(0, |(place, _)| place);
    u8::try_from(place).expect("at most 256")
}

/// The head, and what all parts of the data unpack to.
fn parts(picture: &[u8]) -> (Vec<u8>, Vec<u8>) {
    assert!(picture.starts_with(&SIGNATURE), "no PNG");
    let (mut head, mut packed, mut rest) = (Vec::new(), Vec::new(), &picture[SIGNATURE.len()..]);
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let (kind, body) = (&behind[..4], &behind[4..4 + length]);
        match kind {
            b"IHDR" => head = body.to_vec(),
            b"IDAT" => packed.extend_from_slice(body),
            _ => {}
        }
        rest = &behind[length + 8..];
    }
    let mut data = Vec::new();
    ZlibDecoder::new(&packed[..]).read_to_end(&mut data).expect("what a browser has packed");
    (head, data)
}

/// The lines as colours, their filters undone (PNG, 9.2).
fn unfiltered(data: &[u8], width: usize, height: usize) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::with_capacity(height);
    let first = vec![0; width * 3];
    for line in data.chunks_exact(width * 3 + 1) {
        let (filter, mut line) = (line[0], line[1..].to_vec());
        let above = lines.last().unwrap_or(&first);
        for at in 0..line.len() {
            let left = if at < 3 { 0 } else { line[at - 3] };
            let corner = if at < 3 { 0 } else { above[at - 3] };
            let guess = match filter {
                0 => 0,
                1 => left,
                2 => above[at],
                3 => left.midpoint(above[at]),
                _ => paeth(left, above[at], corner),
            };
            line[at] = line[at].wrapping_add(guess);
        }
        lines.push(line);
    }
    lines
}

fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(above) - i16::from(corner);
    // The first of equals.
    [left, above, corner].into_iter().min_by_key(|one| (guess - i16::from(*one)).abs()).unwrap_or(left)
}

fn chunk(made: &mut Vec<u8>, kind: &[u8; 4], body: &[u8]) {
    let mut sum = Crc::new();
    sum.update(kind);
    sum.update(body);
    made.extend_from_slice(&u32::try_from(body.len()).expect("small").to_be_bytes());
    made.extend_from_slice(kind);
    made.extend_from_slice(body);
    made.extend_from_slice(&sum.sum().to_be_bytes());
}
