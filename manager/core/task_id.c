/* SPDX-License-Identifier: Apache-2.0 */
#include "task_id.h"

#include <sodium.h>
#include <stdio.h>

static const char *const adjectives[] = {
    "able",     "agile",   "airy",     "alert",   "alpine",   "amber",   "ample",    "amused",
    "ancient",  "apt",     "aqua",     "arctic",  "ardent",   "artful",  "astute",   "atomic",
    "autumn",   "avid",    "awake",    "azure",   "balmy",    "bold",    "bonny",    "brainy",
    "brave",    "breezy",  "brief",    "bright",  "brisk",    "bronze",  "bubbly",   "busy",
    "calm",     "candid",  "capable",  "careful", "casual",   "cheery",  "chief",    "chilly",
    "civic",    "civil",   "clean",    "clear",   "clever",   "coastal", "cobalt",   "comely",
    "composed", "cool",    "copper",   "coral",   "cordial",  "cosmic",  "cosy",     "crafty",
    "crimson",  "crisp",   "curious",  "daily",   "dapper",   "daring",  "dashing",  "decent",
    "deep",     "deft",    "dewy",     "direct",  "dizzy",    "droll",   "dulcet",   "dusky",
    "dusty",    "eager",   "early",    "earnest", "earthy",   "easy",    "elated",   "elder",
    "elegant",  "eminent", "epic",     "equal",   "exact",    "fabled",  "fair",     "famous",
    "fancy",    "fast",    "fearless", "festive", "fine",     "firm",    "fit",      "fleet",
    "floral",   "fluent",  "fluffy",   "fond",    "frank",    "free",    "fresh",    "frosty",
    "frugal",   "fuzzy",   "gallant",  "gentle",  "genuine",  "giddy",   "gilded",   "glad",
    "gleeful",  "glossy",  "golden",   "good",    "graceful", "grand",   "grateful", "great",
    "green",    "happy",   "hardy",    "hasty",   "hazel",    "hearty",  "helpful",  "hidden",
    "honest",   "humble",  "icy",      "ideal",   "indigo",   "ivory",   "jade",     "jaunty",
    "jazzy",    "jolly",   "jovial",   "joyful",  "jubilant", "just",    "keen",     "kind",
    "lasting",  "leafy",   "level",    "light",   "likely",   "lively",  "logical",  "loyal",
    "lucid",    "lucky",   "lunar",    "magic",   "mellow",   "merry",   "mighty",   "mild",
    "mindful",  "minty",   "misty",    "modern",  "modest",   "mossy",   "native",   "neat",
    "nimble",   "noble",   "north",    "novel",   "oaken",    "olive",   "open",     "orange",
    "orderly",  "patient", "peppy",    "perky",   "placid",   "plain",   "pleasant", "plucky",
    "polite",   "posh",    "precise",  "prime",   "proud",    "pure",    "quaint",   "quick",
    "quiet",    "radiant", "rapid",    "rare",    "ready",    "regal",   "robust",   "rosy",
    "round",    "royal",   "rural",    "rustic",  "sage",     "salty",   "sandy",    "scenic",
    "secret",   "serene",  "sharp",    "shiny",   "silent",   "silky",   "silver",   "simple",
    "sincere",  "sleek",   "smart",    "smooth",  "snappy",   "snowy",   "sober",    "social",
    "solar",    "solid",   "sonic",    "sound",   "spare",    "spicy",   "spry",     "stable",
    "stately",  "steady",  "stellar",  "still",   "stout",    "strong",  "sturdy",   "subtle",
    "sunny",    "super",   "supple",   "sure",    "swift",    "tall",    "tame",     "tangy",
    "tender",   "tidy",    "timely",   "tiny",    "topaz",    "tough",   "tranquil", "trim",
    "true",     "trusty",  "upbeat",   "urban",   "useful",   "valiant", "vast",     "velvet",
    "vital",    "vivid",   "warm",     "wary",    "wavy",     "whole",   "willing",  "windy",
    "wintry",   "wise",    "witty",    "woody",   "worthy",   "young",   "zealous",  "zesty",
};

static const char *const nouns[] = {
    "acorn",    "adder",    "albatross", "alder",   "alpaca",   "anchor",   "antelope",  "apple",
    "arrow",    "ash",      "aspen",     "aster",   "auk",      "aurora",   "badger",    "bamboo",
    "basil",    "bat",      "bay",       "beacon",  "bear",     "beaver",   "bee",       "beech",
    "beetle",   "bison",    "bittern",   "boar",    "bobcat",   "bonobo",   "bronco",    "brook",
    "buffalo",  "bunny",    "buzzard",   "cactus",  "camel",    "canary",   "canyon",    "caribou",
    "carp",     "cat",      "cedar",     "cheetah", "cherry",   "chinook",  "cicada",    "citrus",
    "civet",    "clam",     "cliff",     "clover",  "cobra",    "cod",      "comet",     "condor",
    "coot",     "cougar",   "cove",      "cow",     "coyote",   "crab",     "crane",     "creek",
    "cricket",  "crow",     "cuckoo",    "curlew",  "cypress",  "daisy",    "dale",      "deer",
    "delta",    "dingo",    "dipper",    "dog",     "dolphin",  "donkey",   "dove",      "dragon",
    "drake",    "duck",     "dune",      "eagle",   "echo",     "eel",      "egret",     "eider",
    "elk",      "elm",      "ember",     "emu",     "ermine",   "falcon",   "fennel",    "fern",
    "ferret",   "fig",      "finch",     "fir",     "firefly",  "fjord",    "flamingo",  "flint",
    "fox",      "frog",     "gannet",    "gazelle", "gecko",    "geyser",   "gibbon",    "ginger",
    "giraffe",  "glacier",  "gnu",       "goat",    "goose",    "gopher",   "grebe",     "grouse",
    "grove",    "gull",     "guppy",     "haddock", "halibut",  "hamster",  "hare",      "harrier",
    "hawk",     "hazelnut", "hedgehog",  "heron",   "herring",  "hill",     "hippo",     "hornet",
    "horse",    "hyena",    "ibex",      "ibis",    "iguana",   "impala",   "iris",      "island",
    "ivy",      "jackal",   "jackdaw",   "jaguar",  "jasmine",  "jay",      "juniper",   "kelp",
    "kestrel",  "kite",     "kitten",    "kiwi",    "koala",    "koi",      "krill",     "lagoon",
    "lake",     "lapwing",  "larch",     "lark",    "lemming",  "lemur",    "leopard",   "lily",
    "lime",     "linnet",   "lion",      "lizard",  "llama",    "lobster",  "locust",    "lotus",
    "lynx",     "macaw",    "magpie",    "mallard", "manatee",  "mango",    "maple",     "marlin",
    "marmot",   "marten",   "martin",    "meadow",  "meerkat",  "mink",     "minnow",    "mole",
    "mongoose", "moose",    "moss",      "moth",    "mouse",    "mule",     "mussel",    "myrtle",
    "narwhal",  "newt",     "nutmeg",    "oak",     "oasis",    "ocelot",   "octopus",   "okapi",
    "opal",     "orca",     "orchid",    "oriole",  "oryx",     "osprey",   "ostrich",   "otter",
    "owl",      "ox",       "oyster",    "panda",   "panther",  "parrot",   "partridge", "peach",
    "pebble",   "pelican",  "penguin",   "perch",   "petrel",   "pheasant", "pigeon",    "pike",
    "pine",     "plover",   "plum",      "pony",    "poplar",   "poppy",    "possum",    "prairie",
    "puffin",   "puma",     "python",    "quail",   "quokka",   "rabbit",   "raccoon",   "ram",
    "raven",    "ray",      "reed",      "reef",    "reindeer", "rhino",    "ridge",     "river",
    "robin",    "rook",     "rose",      "saffron", "salmon",   "sardine",  "seal",      "shark",
    "sheep",    "shrew",    "shrimp",    "skate",   "skua",     "skunk",    "skylark",   "sloth",
    "snail",    "snipe",    "sparrow",   "spruce",  "squid",    "squirrel", "stag",      "starling",
    "stoat",    "stork",    "sturgeon",  "swallow", "swan",     "tapir",    "tarpon",    "teal",
    "tern",     "thistle",  "thrush",    "tiger",   "toad",     "topi",     "tortoise",  "toucan",
    "trout",    "tulip",    "tuna",      "turtle",  "viper",    "vole",     "walnut",    "walrus",
    "warbler",  "wasp",     "weasel",    "whale",   "willow",   "wolf",     "wombat",    "woodcock",
    "wren",     "yak",      "zebra",
};

enum {
    ADJECTIVE_COUNT = sizeof(adjectives) / sizeof(adjectives[0]),
    NOUN_COUNT = sizeof(nouns) / sizeof(nouns[0]),
    SHORT_ATTEMPTS = 3,
    NUMBER_MAX = 1000000,
};

void task_id_make(unsigned attempt, char out[static TASK_ID_SIZE])
{
    const char *adjective = adjectives[randombytes_uniform(ADJECTIVE_COUNT)];
    const char *noun = nouns[randombytes_uniform(NOUN_COUNT)];
    if (attempt < SHORT_ATTEMPTS)
        (void)snprintf(out, TASK_ID_SIZE, "%s-%s", adjective, noun);
    else
        (void)snprintf(out, TASK_ID_SIZE, "%s-%s-%u", adjective, noun,
                       2 + randombytes_uniform(NUMBER_MAX));
}
