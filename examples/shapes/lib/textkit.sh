#!/bin/sh
echo "textkit 1.0.0"
