/** Words that are told apart when they are read aloud, one for each byte. */
const WORDS = `
acid acorn actor afternoon album almond anchor animal apple april archer armor arrow artist atlas autumn bacon
badge bagel bakery balcony bamboo banana banjo barrel basket beaver bishop blanket blossom bonfire bottle
bracelet bridge bronze bubble bucket buffalo butter cabin cactus camel candle canoe canvas captain caramel
carpet castle cedar ceiling cello cherry chimney cinema circus clover cobra coconut coffee comet compass copper
coral cotton cousin cowboy crayon cricket crystal cupboard curtain cushion dagger dancer daisy december desert
diamond dinner doctor dolphin domino donkey dragon drummer duckling eagle easel echo eleven elbow emerald engine
envelope evening fabric falcon family farmer feather fiddle figure finger flamingo flower forest fossil fountain
freckle friday frozen galaxy garden garlic gazelle ginger giraffe glacier goblin gorilla grammar granite grape
guitar hammer harbor harvest hazel hedgehog helmet herring hockey honey horizon hotel hunter iceberg igloo india
ink insect iris island ivory jacket jaguar january jasmine jelly jersey jewel jigsaw jungle justice kangaroo
kettle keyboard kingdom kitchen kitten kiwi ladder lagoon lantern laptop lavender lemon leopard lettuce lily
linen lizard lobster locket lotus magnet mango maple marble market meadow melon mermaid mineral mirror monday
monkey mosaic mountain muffin museum mustard napkin nectar needle nickel noodle november nutmeg ocean octopus
olive onion opera orange orbit orchid otter oyster paddle palace panda paper parrot peacock peanut pebble
pelican pencil penguin pepper piano picnic pigeon pillow pirate planet plum pocket polar poppy potato prairie
pumpkin puppet puzzle pyramid quartz quilt rabbit radish rainbow raven ribbon river robin rocket saddle salmon
sandal saturn scarf shadow silver window
`.trim().split(/\s+/);

/** How many words stand for a key: 80 bits, which nobody finds a second key for. */
export const FINGERPRINT_WORDS = 10;

/** The beginning of a digest as words. */
export function fingerprintWords(digest: Uint8Array): string[] {
  return Array.from(digest.subarray(0, FINGERPRINT_WORDS), (byte) => WORDS[byte]!);
}
