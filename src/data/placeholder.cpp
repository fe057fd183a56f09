// filled by the layer
