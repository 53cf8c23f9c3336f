// Tea by the moon gate: a celadon pot and two cups, their steam, and a lantern's light at dusk.
// Eight frames; the steam curls once round while the clock goes from 0 to 1, so the film loops.
//
//   povray tea.ini        (480x270; about two seconds a frame on two cores)

#version 3.7;

global_settings {
  assumed_gamma 1.0
  max_trace_level 32
}

#include "porcelain.inc"

#declare Turn = 2 * pi * clock;

camera {
  location <1.0 + 0.4 * sin(Turn), 2.9, -12.8>
  look_at <0.25, 1.75, 0>
  right x * image_width / image_height
  angle 40
}

// The low sun comes in from the left; the lantern glows on the right, a little unsteadily.
light_source {
  <-14, 11, -10>, rgb <1.00, 0.82, 0.62> * 1.05
  area_light <1.6, 0, 0>, <0, 1.6, 0>, 3, 3
  adaptive 0
}
light_source {
  <3.55, 2.1, 0.7>, rgb <1.0, 0.52, 0.22> * (0.85 + 0.10 * sin(Turn * 2))
  fade_distance 2.6
  fade_power 2
}
light_source { <6, 9, -14>, rgb <0.16, 0.20, 0.34> shadowless }

// The table, and the runner whose plum blossoms are a picture beside this file.
box {
  <-14, -0.4, -14>, <14, 0, 5.3>
  texture {
    pigment {
      wood
      turbulence 0.06
      octaves 3
      rotate y * 90
      rotate x * 3
      scale <1.4, 1, 0.55>
      color_map {
        [0.0 srgb <0.34, 0.19, 0.13>]
        [0.6 srgb <0.25, 0.13, 0.09>]
        [1.0 srgb <0.36, 0.21, 0.14>]
      }
    }
    finish { ambient 0.10 diffuse 0.75 reflection { 0.02, 0.16 fresnel on } specular 0.25 roughness 0.03 conserve_energy }
  }
  interior { ior 1.45 }
}
box {
  <0, 0, 0>, <1, 1, 0.004>
  texture {
    pigment { image_map { png "textures/plum_runner.png" interpolate 2 } }
    finish { ambient 0.12 diffuse 0.8 }
  }
  rotate x * 90
  scale <9.6, 1, 3.3>
  translate <-4.6, 0.012, -1.75>
}

// The wall and its moon gate, with the evening behind.
difference {
  box { <-30, -1, 0>, <30, 16, 0.7> }
  cylinder { <0, 0, -1>, <0, 0, 2>, 3.9 translate <-1.2, 3.6, 0> }
  translate z * 5.4
  texture {
    pigment { srgb <0.80, 0.72, 0.63> }
    normal { bumps 0.12 scale 0.35 }
    finish { ambient <0.13, 0.12, 0.15> diffuse 0.42 }
  }
}
torus {
  3.9, 0.13
  rotate x * 90
  translate <-1.2, 3.6, 5.4>
  texture { pigment { srgb <0.42, 0.20, 0.14> } finish { ambient 0.12 diffuse 0.7 specular 0.2 } }
}
sky_sphere {
  pigment {
    gradient y
    color_map {
      [0.500 srgb <0.99, 0.80, 0.60>]
      [0.535 srgb <0.96, 0.69, 0.55>]
      [0.580 srgb <0.70, 0.58, 0.68>]
      [0.700 srgb <0.32, 0.40, 0.60>]
    }
    translate y * -0.5
    scale 2
  }
}
#macro Ridge(Away, Left, High, Tone)
  prism {
    linear_spline 0, 0.1, 9
    <-60, -30>, <Left - 9, 0>, <Left - 4, 0.62 * High>, <Left - 1.5, 0.45 * High>, <Left + 1.5, High>,
    <Left + 5, 0.35 * High>, <Left + 9, 0.55 * High>, <Left + 40, -30>, <-60, -30>
    rotate x * -90
    translate <0, 0, Away>
    pigment {
      gradient y
      color_map {
        [0.5 srgb 0.25 * Tone + 0.75 * <0.98, 0.80, 0.62>]
        [0.5 + 0.011 * High srgb Tone]
      }
      translate y * -0.5
      scale 100
    }
    finish { ambient 1 diffuse 0 }
    no_shadow
  }
#end
Ridge(60, -12, 8, <0.72, 0.60, 0.66>)
Ridge(44, 3, 6.4, <0.52, 0.52, 0.64>)
Ridge(30, -7, 3.6, <0.34, 0.42, 0.55>)
disc {
  <-1.0, 9.4, 70>, -z, 2.7
  pigment { srgb <1.0, 0.93, 0.78> }
  finish { ambient 1 diffuse 0 }
  no_shadow
}

// What stands on the table.
object { Teapot scale 1.12 rotate y * 18 translate <0.1, 0.02, 0.25> }
object { Cup translate <-2.35, 0.02, -0.75> }
object { Cup translate <2.25, 0.02, -1.35> }
object { Lantern translate <3.75, 0.02, 1.1> }
Steam(<-2.35, 1.02, -0.75>, 2.5, 0.0)
Steam(<2.25, 1.02, -1.35>, 2.2, 2.1)

// Petals that have come in through the gate.
#declare Chance = seed(1200);
#for (Number, 1, 26)
  #local Place = <-4.6 + 9.6 * rand(Chance), 0.03, -2.9 + 4.6 * rand(Chance)>;
  object { Petal rotate <-14 * rand(Chance), 360 * rand(Chance), 16 * rand(Chance)> translate Place }
#end
