"""What plugins draw with: a canvas, axes and colours; arrays in, bytes out, no IO and nothing else of ttai."""
